/**
 * `npm run pack-check`: packs @reprise/tensorflow and @reprise/cli with every workspace package they need, installs the
 * tarballs with plain npm, install scripts on, in empty folders outside the tree, and uses them there as a user would.
 *
 *   npm run pack-check -- --keep     leaves the folders for a look
 *
 * The rest comes from npm's registry. Where a TensorFlow is found (REPRISE_TENSORFLOW, or after setup) an operation and a
 * program run on it; elsewhere the package has to say what is missing. About a minute; not a part of `npm test`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { install, PNPM } from './install.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })
const NEVER = '@tensorflow/tfjs-node-gpu'

/** What a package has to contain beside its compiled files. */
const CONTENTS = {
  '@reprise/tensorflow': [
    'dist/kernels/tfjs-node-kernels.cjs',
    'licenses/Apache-2.0.txt',
    'requirements/cpu.txt',
    'requirements/cuda.txt',
  ],
  '@reprise/cli': ['bin/reprise.mjs'],
  '@reprise/train': ['presets', 'hooks'],
}

/** As a shell of the user would have it: nothing of this tree and of the npm that runs this script. */
const environment = Object.fromEntries(
  Object.entries(process.env)
    .filter(
      ([name]) =>
        !/^(npm_(execpath|lifecycle_|package_|command|node_execpath|config_local_prefix)|INIT_CWD|NODE_)/.test(name),
    )
    .map(([name, value]) => (name.toUpperCase() === 'PATH' ? [name, withoutBins(value)] : [name, value])),
)

function withoutBins(path) {
  return path
    .split(delimiter)
    .filter((folder) => !folder.includes(`node_modules${sep}`))
    .join(delimiter)
}

/** Runs a command to its end; throws what it printed where the exit code is another than `code`. */
function run(command, args, cwd, { code = 0, env = {} } = {}) {
  const shell = process.platform === 'win32'
  const options = { cwd, encoding: 'utf8', env: { ...environment, ...env }, shell, maxBuffer: 2 ** 28 }
  const { status, error, stdout, stderr } = spawnSync(command, args, options)
  if (error) throw new Error(`${command} does not start: ${error.message}`)
  if (status === code) return `${stdout}${stderr}`
  const tail = `${stdout}${stderr}`.trim().split('\n').slice(-60).join('\n')
  throw new Error(`'${[command, ...args].join(' ')}' in ${cwd} ended with ${status}, not ${code}:\n${tail}`)
}

function check(condition, complaint) {
  if (!condition) throw new Error(complaint)
}

function step(title, work) {
  const started = performance.now()
  process.stdout.write(`${title} ... `)
  const said = work()
  console.log(`ok, ${((performance.now() - started) / 1000).toFixed(1)} s${said ? `: ${said}` : ''}`)
  return said
}

/** Name to { folder, manifest } of the workspace's packages. */
function workspace() {
  const found = new Map()
  for (const group of ['packages', 'envs', 'kernels']) {
    for (const name of readdirSync(join(root, group))) {
      const folder = join(root, group, name)
      if (!existsSync(join(folder, 'package.json'))) continue
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      found.set(manifest.name, { folder, manifest })
    }
  }
  return found
}

/** `name` and every workspace package that an installation of it needs; an optional peer is not needed. */
function closure(packages, name, into = new Set()) {
  if (into.has(name)) return into
  into.add(name)
  const { dependencies, peerDependencies, peerDependenciesMeta } = packages.get(name).manifest
  const needed = [
    ...Object.keys(dependencies ?? {}),
    ...Object.keys(peerDependencies ?? {}).filter((each) => !peerDependenciesMeta?.[each]?.optional),
  ]
  for (const each of needed) if (packages.has(each)) closure(packages, each, into)
  return into
}

/** Compiled files whose source is gone would be published. */
function removeStale({ folder }) {
  const dist = join(folder, 'dist')
  for (const name of readdirSync(dist, { recursive: true })) {
    const match = /^(.*)(\.d\.ts|\.js)(\.map)?$/.exec(name)
    if (match && !existsSync(join(folder, 'src', `${match[1]}.ts`))) rmSync(join(dist, name))
  }
}

/** What a tarball holds, by unpacking it: { files, manifest }. */
function unpack(tarball, into) {
  mkdirSync(into, { recursive: true })
  run('tar', ['xzf', tarball, '-C', into, '--strip-components=1'], into)
  const files = readdirSync(into, { recursive: true }).map((name) => name.replaceAll(sep, '/'))
  return { files, manifest: JSON.parse(readFileSync(join(into, 'package.json'), 'utf8')) }
}

function checkContents({ files, manifest }) {
  const { name } = manifest
  const wrong = files.filter((file) => /\.test\.|(^|\/)testing\/|^src\/|\.tsbuildinfo$/.test(file))
  check(wrong.length === 0, `${name} would publish ${wrong.slice(0, 3).join(', ')}; see "files" of its package.json.`)
  const targets = Object.values(manifest.exports).flatMap((entry) => Object.values(entry))
  const wanted = ['LICENSE', 'README.md', ...targets.map((path) => path.slice(2)), ...(CONTENTS[name] ?? [])]
  const absent = wanted.filter((file) => !files.includes(file))
  check(absent.length === 0, `The tarball of ${name} lacks ${absent.join(', ')}.`)
  const unresolved = JSON.stringify(manifest).includes('"workspace:')
  check(!unresolved, `The package.json in the tarball of ${name} still says workspace:*.`)
}

/** An empty project with the tarballs, installed by npm. Resolves to its folder. */
function project(name, tarballs, others = []) {
  const folder = join(top, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }))
  run('npm', ['install', '--no-audit', '--no-fund', '--foreground-scripts', ...tarballs, ...others], folder)
  const modules = join(folder, 'node_modules')
  check(!existsSync(join(modules, NEVER)), `npm installed ${NEVER} in ${folder}, whose install script fails.`)
  const bad = readdirSync(join(modules, '@reprise')).filter(
    (each) => !tarballs.some((tarball) => tarball.includes(`reprise-${each}-`)),
  )
  check(bad.length === 0, `npm took @reprise/${bad[0]} from the registry, not from a tarball.`)
  return folder
}

/** A file of a user as the compiler sees it. TensorFlow.js's own declarations do not hold without skipLibCheck. */
function typeCheck(folder, file) {
  const options = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
  ]
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  run(process.execPath, [tsc, ...options, '--typeRoots', join(root, 'node_modules', '@types'), file], folder)
}

const USE_TENSORFLOW = `
import { createRequire } from 'node:module'
import { jit } from '@reprise/compile'
import { locateTensorFlow, useTensorFlow, useTensorFlowTarget } from '@reprise/tensorflow'
import * as tf from '@tensorflow/tfjs-core'

const { version: koffi } = createRequire(import.meta.resolve('@reprise/tensorflow'))('koffi') as { version: string }
if (locateTensorFlow() === undefined) {
  const error: unknown = await useTensorFlow().catch((reason: unknown) => reason)
  if ((error as { code?: string }).code !== 'RPR_TENSORFLOW_MISSING') throw error
  console.log('no TensorFlow was found, and it says so; koffi ' + koffi)
} else {
  const { version, device } = await useTensorFlow()
  if (tf.getBackend() !== 'tensorflow') throw new Error('the backend is ' + tf.getBackend())
  const eager = await tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).data()
  await useTensorFlowTarget()
  const compiled = await jit((x: tf.Tensor) => tf.sum(tf.square(x)), { target: 'tensorflow' })(tf.tensor1d([1, 2, 3]))
  const results = [eager[0], (await compiled.data())[0]]
  if (results.join() !== '11,14') throw new Error('the results are ' + results.join())
  console.log('TensorFlow ' + version + ' on ' + device.type + ', eager and compiled; koffi ' + koffi)
}
`

/** The file without types, for plain Node.js. */
const withoutTypes = (text) => text.replaceAll(/ as \{[^}]*\}|: (unknown|tf\.Tensor)\b/g, '')

function tensorFlowProject(tarballs) {
  const folder = project('tensorflow', tarballs, ['@tensorflow/tfjs-core@4.22.0'])
  writeFileSync(join(folder, 'use.ts'), USE_TENSORFLOW)
  writeFileSync(join(folder, 'use.mjs'), withoutTypes(USE_TENSORFLOW))
  typeCheck(folder, 'use.ts')
  return run(process.execPath, ['use.mjs'], folder).trim().split('\n').at(-1)
}

function cliProject(tarballs) {
  const folder = project('cli', tarballs)
  const reprise = (...args) => run('npx', ['--no', 'reprise', ...args], folder)
  // A flag that comes first would be npx's own.
  for (const [how, text] of [
    ['npx --no reprise help', reprise('help')],
    ['reprise --help', run(join(folder, 'node_modules', '.bin', 'reprise'), ['--help'], folder)],
  ]) {
    check(/^ +train /m.test(text), `'${how}' does not list the command 'train':\n${text}`)
  }
  check(reprise('list', 'executors').includes('tensorflow'), "'reprise list executors' does not know 'tensorflow'.")
  check(reprise('doctor').includes('Everything that training needs is here.'), "'reprise doctor' misses something.")
  reprise('new-env', 'line.ts')
  reprise('check-env', './line.ts')
  typeCheck(folder, 'line.ts')
  reprise('train', '--algo', 'ppo', '--env', './line.ts', '--steps', '2048', '--seed', '1', '--out', 'run')
  const { score } = JSON.parse(readFileSync(join(folder, 'run', 'result.json'), 'utf8'))
  return `help, list, doctor, new-env, check-env and train (score ${score.toFixed(2)})`
}

const top = mkdtempSync(join(tmpdir(), 'reprise-pack-check-'))
try {
  await install()
  const packages = workspace()
  const roots = { tensorflow: closure(packages, '@reprise/tensorflow'), cli: closure(packages, '@reprise/cli') }
  const all = [...new Set([...roots.tensorflow, ...roots.cli])]
  const tarballs = new Map()

  step('Compile', () => {
    run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', ...all.map(folderOf)], root)
    for (const name of all) removeStale(packages.get(name))
    return `${all.length} packages`
  })
  step('Pack', () => {
    const filters = all.flatMap((name) => ['--filter', name])
    run('npx', ['--yes', PNPM, ...filters, 'pack', '--pack-destination', top], root)
    for (const name of all) {
      const { version } = packages.get(name).manifest
      tarballs.set(name, join(top, `${name.slice(1).replace('/', '-')}-${version}.tgz`))
    }
  })
  step('Contents', () => {
    for (const name of all) checkContents(unpack(tarballs.get(name), join(top, 'unpacked', name)))
  })
  step('Install and use @reprise/tensorflow', () =>
    tensorFlowProject([...roots.tensorflow].map((name) => tarballs.get(name))),
  )
  step('Install and use @reprise/cli', () => cliProject([...roots.cli].map((name) => tarballs.get(name))))
  console.log(
    `The packages work as published, on Node.js ${process.versions.node} and npm ${run('npm', ['--version'], top).trim()}.`,
  )

  function folderOf(name) {
    return packages.get(name).folder
  }
} catch (error) {
  console.error(`failed\nerror: ${error.message}`)
  process.exitCode = 1
} finally {
  if (values.keep) console.log(`Kept: ${top}`)
  else rmSync(top, { recursive: true, force: true })
}
