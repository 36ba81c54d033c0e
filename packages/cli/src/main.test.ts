import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { main } from './main.ts'
import { testIo } from './testing/test-io.ts'
import { verbs } from './verbs/table.ts'

const bin = fileURLToPath(new URL('../bin/reprise.mjs', import.meta.url))

async function run(...argv: string[]) {
  const io = testIo()
  return { code: await main(argv, io), text: io.text(), io }
}

test('the overview names every verb', async () => {
  for (const argv of [[], ['--help'], ['-h'], ['help']]) {
    const { code, text } = await run(...argv)
    expect(code).toBe(0)
    for (const { name, summary, hidden } of verbs) {
      if (hidden) expect(text).not.toContain(name)
      else expect(text).toContain(`${name.padEnd(9)}  ${summary}`)
    }
  }
})

test('the help of each verb names its flags and arguments', async () => {
  for (const verb of verbs) {
    if (verb.passesOn) continue
    const { code, text } = await run('help', verb.name)
    expect(code).toBe(0)
    for (const flag of Object.keys(verb.flags)) expect(text).toContain(`--${flag}`)
    for (const { doc } of verb.arguments) expect(text).toContain(doc)
    expect((await run(verb.name, '--help')).text).toBe(text)
  }
})

test('the help of train lists the options of an algorithm with default and range', async () => {
  const { code, text } = await run('train', '--help', '--algo', 'ppo')
  expect(code).toBe(0)
  const line = text.replaceAll(/\s+/g, ' ')
  expect(line).toContain('learningRate Step size of Adam. A number > 0')
  expect(line).toMatch(/checkpointEvery Steps between checkpoints[^.]*\. An integer >= 0; default 10000\./)
  expect((await run('help', 'train', '--algo', 'pop')).code).toBe(2)
})

test('every verb in the table can be loaded', async () => {
  for (const verb of verbs) expect(await verb.load()).toBeTypeOf('function')
})

test('help, versions and usage errors load no tensor library', () => {
  const cases: [string[], number][] = [
    [['--help'], 0],
    [['--version'], 0],
    [['help', 'train'], 0],
    [['trian'], 2],
    [['train', '--stpes', '3'], 2],
    // That the probe can tell.
    [['list', 'algos'], 0],
  ]
  for (const [argv, status] of cases) {
    const probe = `process.argv = ['node', ${JSON.stringify(bin)}, ...${JSON.stringify(argv)}]
      await import(${JSON.stringify(`file://${bin}`)})
      console.log('BACKENDS', globalThis._tfGlobals !== undefined)`
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', probe], { encoding: 'utf8' })
    expect(child.stdout).toContain(`BACKENDS ${argv[1] === 'algos'}`)
    expect(child.status).toBe(status)
  }
})
