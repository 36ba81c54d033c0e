import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { checkImports } from './imports/check.ts'
import { levelOf } from './imports/order.ts'
import { importsOf } from './imports/scan.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

type Files = Readonly<Record<string, string | object>>

function workspace(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-imports-'))
  folders.push(folder)
  for (const [path, content] of Object.entries({ 'package.json': { devDependencies: { vitest: '1' } }, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return folder
}

/** A package whose manifest lists what it imports. */
function pack(folder: string, dependencies: readonly string[], files: Files): Files {
  const name = `@reprise/${folder.split('/').at(-1)}`
  const manifest = {
    name,
    exports: { '.': './src/index.ts' },
    dependencies: Object.fromEntries(dependencies.map((d) => [d, '1'])),
  }
  return {
    [`${folder}/package.json`]: manifest,
    [`${folder}/src/index.ts`]: 'export {}',
    ...Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/src/${path}`, content])),
  }
}

const core = pack('packages/core', [], {})

test('what points the right way passes', () => {
  const files = {
    ...core,
    ...pack('packages/nn', ['@reprise/core', '@tensorflow/tfjs-core'], {
      'a.ts':
        "import type { Space } from '@reprise/core'\nimport * as tf from '@tensorflow/tfjs-core'\nexport * from './b.ts'",
      'b.ts': "import { join } from 'node:path'\nexport const text = `import x from '@reprise/train'`",
      'b.test.ts': "import { test } from 'vitest'\nimport './b.ts'",
    }),
  }
  expect(checkImports(workspace(files))).toEqual([])
})

// One violating snippet each: [what, package, its dependencies, source, what the message must say]
const violations: [string, string, string[], string, RegExp][] = [
  [
    'an import to the right',
    'packages/nn',
    ['@reprise/train'],
    "import '@reprise/train'",
    /packages\/nn imports only packages\/core/,
  ],
  [
    'a type import to the right',
    'packages/nn',
    ['@reprise/train'],
    "import type { A } from '@reprise/train'",
    /imports only/,
  ],
  ['an export from the right', 'packages/nn', ['@reprise/train'], "export { a } from '@reprise/train'", /imports only/],
  ['a star export from the right', 'packages/nn', ['@reprise/train'], "export * from '@reprise/train'", /imports only/],
  [
    'a dynamic import to the right',
    'packages/nn',
    ['@reprise/train'],
    "await import('@reprise/train')",
    /imports only/,
  ],
  [
    'an import over several lines',
    'packages/nn',
    ['@reprise/train'],
    "import {\n  a,\n  type B,\n} from '@reprise/train'",
    /x\.ts:4:/,
  ],
  [
    'an import on its own level',
    'envs/maze',
    ['@reprise/nn'],
    "import '@reprise/nn'",
    /envs\/maze imports only packages\/core/,
  ],
  ['core importing anything', 'packages/core', ['@reprise/nn'], "import '@reprise/nn'", /nothing of the workspace/],
  [
    'core importing tensors',
    'packages/core',
    ['@tensorflow/tfjs-core'],
    "import '@tensorflow/tfjs-core'",
    /never imports a tensor library/,
  ],
  [
    'an environment importing tensors',
    'envs/maze',
    ['gpu.js'],
    "import { GPU } from 'gpu.js'",
    /never imports a tensor library/,
  ],
  [
    'algorithms importing compile',
    'packages/algorithms',
    ['@reprise/compile'],
    "import '@reprise/compile'",
    /train compiles algorithms/,
  ],
  [
    'compile importing tensorflow',
    'packages/compile',
    ['@reprise/tensorflow'],
    "import '@reprise/tensorflow'",
    /imports only/,
  ],
  [
    'an internal file of a package',
    'packages/nn',
    ['@reprise/core'],
    "import '@reprise/core/src/space.ts'",
    /only the public entry/,
  ],
  [
    'a relative path into another package',
    'packages/nn',
    [],
    "import '../../core/src/index.ts'",
    /lies outside packages\/nn/,
  ],
  ['a relative path without extension', 'packages/nn', [], "import './index'", /with its '\.ts'/],
  ['a file that is not there', 'packages/nn', [], "import './gone.ts'", /no such file/],
  ['itself by name', 'packages/nn', [], "import '@reprise/nn'", /relative paths/],
  ['an unlisted package', 'packages/nn', [], "import '@reprise/core'", /missing from dependencies/],
  ['an unlisted library', 'packages/nn', [], "import 'pino'", /missing from dependencies/],
  ['a root tool outside tests', 'packages/nn', [], "import 'vitest'", /missing from dependencies/],
  ['an unknown package', 'packages/nn', ['@reprise/nix'], "import '@reprise/nix'", /no package of the workspace/],
  ['a builtin without node:', 'packages/nn', [], "import 'fs'", /node:fs/],
  ['a package without a place', 'packages/elsewhere', [], '', /no place in the order/],
]

test.each(violations)('%s is caught', (_what, folder, dependencies, source, message) => {
  const others = ['packages/core', 'packages/compile', 'packages/nn', 'packages/tensorflow', 'packages/train']
  const files = {
    ...Object.assign({}, ...others.map((other) => pack(other, [], {}))),
    ...pack(folder, dependencies, { 'x.ts': source }),
  }
  const problems = checkImports(workspace(files))
  expect(problems.join('\n')).toMatch(message)
  // No other package is blamed.
  expect(problems.every((problem) => problem.startsWith(folder))).toBe(true)
})

test('manifests and project references match the imports', () => {
  const nn = pack('packages/nn', ['@reprise/core'], { 'x.test.ts': "import '@reprise/core'" })
  const reference = (...paths: string[]) => ({ references: paths.map((path) => ({ path })) })
  const check = (tsconfig: object, files: Files = nn) =>
    checkImports(workspace({ ...core, ...files, 'packages/nn/tsconfig.json': tsconfig })).join('\n')
  expect(check(reference('../core'))).toMatch(/move it to devDependencies/)
  expect(check(reference('../core'), pack('packages/nn', ['@reprise/core'], {}))).toMatch(/nothing imports it/)
  const importing = pack('packages/nn', ['@reprise/core'], { 'x.ts': "import '@reprise/core'" })
  expect(check(reference('../core'), importing)).toBe('')
  expect(check(reference(), importing)).toMatch(/has no reference to 'packages\/core'/)
  expect(check(reference('../core', '../../envs/maze'), importing)).toMatch(/refers to 'envs\/maze'/)
})

test('quoted code, comments and regular expressions are not imports', () => {
  const source = [
    "// import 'a'",
    "/* import 'b' */",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
    "const text = `${f('x', { a: `import 'c'` })} import 'd'`",
    'const s = "import \'e\' from"',
    "const r = /import '[/'`]f'/g",
    "const half = x / 2; import 'g'",
    "const name = 'it\\'s'; const f = await import('h')",
  ].join('\n')
  expect(importsOf(source)).toEqual([
    { specifier: 'g', line: 6 },
    { specifier: 'h', line: 7 },
  ])
})

test('every level is to the right of those it may import', () => {
  const order = ['packages/core', 'envs/classic-control', 'packages/tensorflow', 'packages/backend', 'packages/replay']
  const rest = ['packages/algorithms', 'packages/train', 'packages/stats', 'packages/cli', 'experiments']
  const levels = [...order, ...rest].map(levelOf)
  expect(levels).toEqual([...levels].sort((a, b) => a - b))
  expect(new Set(levels).size).toBe(levels.length)
  expect(levelOf('somewhere')).toBe(-1)
})
