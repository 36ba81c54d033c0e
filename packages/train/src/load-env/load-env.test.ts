import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type AnyEnv, box, discrete, type Env } from '@reprise/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadEnv } from './index.ts'

// A folder outside the repository, as npm makes it: .ts and .js files there would be CommonJS.
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-load-'))
  write('package.json', '{"type":"commonjs"}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

const definition = (id: string) => `defineEnv({
  id: '${id}', maxEpisodeSteps: 9, observationSpace: box({ low: 0, high: 1 }), actionSpace: discrete(2),
  reset: () => ({ n: 0 }), step: ({ state }) => ({ state, reward: 1, terminated: false }), observe: () => [0],
})`
const imports = "import { box, defineEnv, discrete } from '@reprise/core'\n"
const classText = `class Walk {
  observationSpace = box({ low: 0, high: 1 })
  actionSpace = discrete(2)
  reset() { return { observation: [0] } }
  step(action) { return { observation: [0], reward: action, terminated: true, truncated: false } }
}`

test.each([
  ['default.ts', `${imports}type A = number\nexport default ${definition('A-v0')} satisfies object`, 'A-v0'],
  ['default.mts', `${imports}export default ${definition('B-v0')}`, 'B-v0'],
  ['default.js', `${imports}export default ${definition('C-v0')}`, 'C-v0'],
  ['default.mjs', `${imports}export default ${definition('D-v0')}`, 'D-v0'],
  ['named.ts', `${imports}export const maze = ${definition('E-v0')}\nexport const size: number = 3`, 'E-v0'],
  ['named.js', `${imports}export const maze = ${definition('F-v0')}\nexport function help() {}`, 'F-v0'],
  ['factory.ts', `${imports}export default () => ${definition('G-v0')}`, 'G-v0'],
  ['walk-class.js', `${imports}export default ${classText}`, 'WalkClass-v0'],
  ['walk-named.js', `${imports}export ${classText}`, 'WalkNamed-v0'],
  ['walk-factory.js', `${imports}${classText}\nexport default () => new Walk()`, 'WalkFactory-v0'],
  [
    'deep/sub folder/über.ts',
    `${imports}import { id } from './id.ts'\nexport default ${definition('X-v0').replace("'X-v0'", 'id')}`,
    'H-v0',
  ],
])('%s outside the repository', async (name, text, id) => {
  write('deep/sub folder/id.ts', "export const id: string = 'H-v0'")
  const path = write(name, text)
  const { definition, file } = await loadEnv(name.startsWith('deep') ? path : `./${name}`, folder)
  expect(file).toBe(path)
  expect(definition.spec.id).toBe(id)
  const env = definition.make() as AnyEnv
  const { observation } = await env.reset({ seed: 1 })
  expect(env.observationSpace.contains(observation)).toBe(true)
  expect((await env.step(1)).reward).toBe(1)
})

test('one of several exports by name', async () => {
  const path = write(
    'several.ts',
    `${imports}export const a = ${definition('A-v0')}\nexport const b = ${definition('B-v0')}`,
  )
  expect((await loadEnv(`${path}#b`)).definition.spec.id).toBe('B-v0')
  expect((await loadEnv(`${path}#b`)).file).toBe(`${path}#b`)
  await expect(loadEnv(path)).rejects.toMatchObject({
    code: 'RPR_ENV_LOAD',
    message: expect.stringMatching(/a, b.*#a/),
  })
  await expect(loadEnv(`${path}#c`)).rejects.toMatchObject({
    code: 'RPR_ENV_LOAD',
    message: expect.stringMatching(/'c'/),
  })
})

test('a file that has changed is loaded anew', async () => {
  const path = write('changing.ts', `${imports}export default ${definition('Old-v0')}`)
  utimesSync(path, 1000, 1000)
  expect((await loadEnv(path)).definition.spec.id).toBe('Old-v0')
  write('changing.ts', `${imports}export default ${definition('New-v0')}`)
  expect((await loadEnv(path)).definition.spec.id).toBe('New-v0')
})

// [file, its text, code, what the message says beside the path]
test.each([
  ['syntax.ts', 'export const a = 1\nexport default = 2\n', 'RPR_ENV_LOAD', /syntax error at .*syntax\.ts:2:\d+/],
  ['syntax.js', 'export const a = 1\nexport const b = = 2\n', 'RPR_ENV_LOAD', /syntax error at .*syntax\.js:2:18/],
  [
    'missing-name.js',
    "import { nix } from '@reprise/core'\nexport default nix",
    'RPR_ENV_LOAD',
    /missing-name\.js:1.*nix/,
  ],
  ['missing-package.js', "import 'no-such-package'\nexport default 1", 'RPR_ENV_LOAD', /no-such-package.*Install/],
  [
    'throwing.ts',
    "const a: number = 1\nthrow new TypeError('broken')\nexport {}",
    'RPR_ENV_LOAD',
    /TypeError: broken.*throwing\.ts:\d/,
  ],
  ['bad-space.ts', `${imports}export default box({ low: 1, high: 0 })`, 'RPR_SPACE_INVALID', /bad-space\.ts/],
  ['empty.ts', 'export {}', 'RPR_ENV_LOAD', /exports no environment/],
  ['number.ts', 'export default 3', 'RPR_ENV_LOAD', /exports no environment.*default/],
  ['nothing.js', 'export default () => 3', 'RPR_ENV_LOAD', /made no environment but number 3/],
  ['throws-when-made.js', "export default () => { throw new Error('no luck') }", 'RPR_ENV_LOAD', /no luck/],
  ['no-space.js', 'export default class { reset() {} step() {} }', 'RPR_ENV_CONTRACT', /observationSpace/],
  ['python.py', 'import gym', 'RPR_ENV_LOAD', /is a \.ts, \.mts, \.js, \.mjs file/],
])('%s is refused', async (name, text, code, message) => {
  const error = await loadEnv(write(name, text)).catch((e: unknown) => e)
  expect(error).toMatchObject({ name: 'RepriseError', code, message: expect.stringMatching(message) })
  expect((error as Error).message).toContain(name)
  expect((error as Error).message).not.toContain('reprise-user')
})

test('what is not there is named', async () => {
  await expect(loadEnv('./gone.ts', folder)).rejects.toMatchObject({
    code: 'RPR_FILE_MISSING',
    message: expect.stringMatching(/gone\.ts/),
  })
  await expect(loadEnv(folder)).rejects.toMatchObject({ code: 'RPR_ENV_LOAD' })
  await expect(loadEnv('CartPole-v11')).rejects.toMatchObject({
    code: 'RPR_ENV_UNKNOWN',
    message: expect.stringMatching(/CartPole-v1'/),
  })
})

class Walk implements Env<ArrayLike<number>, number> {
  readonly observationSpace = box({ low: 0, high: 1 })
  readonly actionSpace = discrete(2)
  readonly spec = { id: 'Walk-v0', maxEpisodeSteps: 2 }
  reset() {
    return { observation: [0] }
  }
  step(action: number) {
    return { observation: [0], reward: action, terminated: false, truncated: false }
  }
}

test('classes, factories, definitions and objects are taken as they are', async () => {
  for (const given of [Walk, () => new Walk(), new Walk() as AnyEnv]) {
    const { definition, file } = await loadEnv(given)
    expect(file).toBeUndefined()
    expect(definition.spec.id).toBe('Walk-v0')
    const [first, second] = [definition.make(), definition.make()]
    await first.reset()
    await second.reset()
    await first.step(1)
    // Two environments, each with the time limit of its spec.
    expect((await first.step(1)).truncated).toBe(true)
    expect((await second.step(1)).truncated).toBe(false)
  }
  const { definition } = await loadEnv('CartPole-v1')
  expect((await loadEnv(definition)).definition).toBe(definition)
})

test('an object without a constructor serves once', async () => {
  const walk = new Walk()
  const env = { ...walk, reset: walk.reset, step: walk.step } as AnyEnv
  const { definition } = await loadEnv(env)
  definition.make()
  expect(() => definition.make()).toThrow(expect.objectContaining({ code: 'RPR_ENV_UNSUPPORTED' }))
})

test('options of a class come from its table', async () => {
  const { definition } = await loadEnv(Walk)
  expect(() => definition.make({ size: 3 })).toThrow(expect.objectContaining({ code: 'RPR_OPTION_UNKNOWN' }))
})
