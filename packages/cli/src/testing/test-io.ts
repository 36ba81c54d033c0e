/** An `Io` for tests: collects what is written, and lets a test press Ctrl-C. */
import type { Io } from '../io.ts'

export interface TestIo extends Io {
  readonly outLines: string[]
  readonly errLines: string[]
  /** Everything written, both streams. */
  text(): string
  interrupt(): void
  readonly exits: number[]
}

export function testIo(): TestIo {
  const listeners = new Set<() => void>()
  const io: TestIo = {
    outLines: [],
    errLines: [],
    exits: [],
    out: (line) => io.outLines.push(line),
    err: (line) => io.errLines.push(line),
    text: () => [...io.outLines, ...io.errLines].join('\n'),
    isTTY: false,
    command: 'reprise',
    onInterrupt(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    interrupt: () => {
      for (const listener of listeners) listener()
    },
    exit: (code) => io.exits.push(code),
  }
  return io
}
