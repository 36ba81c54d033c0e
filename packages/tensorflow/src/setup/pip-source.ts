/** Wheels from the index that pip is configured for: `pip download`, one wheel at a time, by exact version and hash. */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RepriseError } from '@reprise/core'
import { type PinnedWheel, requirement } from './pins.ts'
import { checkPlatform } from './platform.ts'
import { findPython, type PythonFacts } from './python.ts'
import type { WheelSource } from './source.ts'

/** Every platform whose wheels run where TensorFlow's own do; pip has to be told each by name. */
const PLATFORMS = [
  ...[27, 26, 25, 24, 17, 12, 5].map((minor) => `manylinux_2_${minor}_x86_64`),
  'manylinux2014_x86_64',
  'manylinux2010_x86_64',
  'manylinux1_x86_64',
]

/** For CPython 3.13, whichever Python runs pip: nothing of a wheel is run by Python here. */
const TARGET = [
  ...['--python-version', '3.13', '--implementation', 'cp', '--only-binary=:all:', '--no-deps'],
  ...PLATFORMS.flatMap((platform) => ['--platform', platform]),
]

/**
 * pip, which ends when its standard input closes: with the setup that started it, however that ended. An orphan would go on
 * downloading, and make the folder anew that the next setup has taken over.
 */
const PIP = `
import os, runpy, sys, threading
def watch():
    os.read(0, 1)
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
sys.argv[0] = 'pip'
runpy.run_module('pip', run_name='__main__', alter_sys=True)
`

/** Lines of pip's own words that go into an error. */
const LAST_LINES = 6

/** `extra` are more arguments for pip: tests give it a folder in place of the index. */
export function pipSource(extra: readonly string[] = []): WheelSource {
  let python: PythonFacts | undefined
  return {
    check() {
      checkPlatform()
      python = findPython()
      return `pip ${python.pip} of Python ${python.version} (${python.command})`
    },
    async fetch(wheel, into, temporary, signal) {
      python ??= findPython()
      mkdirSync(temporary, { recursive: true })
      const list = join(temporary, 'requirements.txt')
      writeFileSync(list, `${requirement(wheel)}\n`)
      const pip = ['-c', PIP, '--no-input', '--disable-pip-version-check', 'download', '--no-cache-dir']
      const rest = ['--progress-bar', 'off', ...TARGET, ...extra, '--require-hashes', '-r', list, '-d', into]
      await runPip(python.command, [...pip, ...rest], wheel, temporary, signal)
      const file = readdirSync(into).find((name) => isWheelOf(name, wheel))
      if (file === undefined) throw failed(wheel, 'pip ended well and left no wheel', [])
      return join(into, file)
    },
  }
}

export function isWheelOf(file: string, { name, version }: PinnedWheel): boolean {
  return file.endsWith('.whl') && file.startsWith(`${name.replaceAll('-', '_')}-${version}-`)
}

function runPip(
  command: string,
  args: string[],
  wheel: PinnedWheel,
  temporary: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  // pip's scratch files go where setup cleans up. Nothing is installed into a Python, so a rule against that is beside the point.
  const env = { ...process.env, TMPDIR: temporary, PIP_REQUIRE_VIRTUALENV: '0' }
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe', env, signal, killSignal: 'SIGKILL' })
    let text = ''
    const listen = (chunk: string) => {
      text = (text + chunk).slice(-20_000)
    }
    child.stdout.setEncoding('utf8').on('data', listen)
    child.stderr.setEncoding('utf8').on('data', listen)
    child.on('error', (cause) => {
      reject(signal?.aborted ? cause : failed(wheel, `'${command}' cannot be started (${cause.message})`, []))
    })
    child.on('close', (code, by) => {
      if (code === 0) resolve()
      else if (signal?.aborted) reject(signal.reason)
      else reject(failed(wheel, by ? `pip was ended by ${by}` : `pip ended with ${code}`, lastLines(text)))
    })
  })
}

function lastLines(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trimEnd())
  return lines.filter((line) => line.trim() !== '').slice(-LAST_LINES)
}

function failed({ name, version }: PinnedWheel, why: string, lines: readonly string[]): RepriseError {
  const said = lines.length > 0 ? ` Its last lines:\n${lines.map((line) => `  ${line}`).join('\n')}\n` : ''
  return new RepriseError('RPR_SETUP_DOWNLOAD', `${name} ${version} could not be downloaded: ${why}.${said}`, {
    value: name,
    hint:
      'pip takes its index, proxy and certificates from its own configuration (python3 -m pip config list). What was ' +
      'downloaded before stays for the next try.',
  })
}
