/**
 * `npm run gpu-check`: everything that a GPU changes, run on this machine, in one report file (Markdown).
 *
 *   npm run gpu-check                     doctor, the suites on TensorFlow, the compile bench, one training
 *   npm run gpu-check -- --setup          first installs the CUDA build (`reprise setup tensorflow --cuda`)
 *   npm run gpu-check -- --quick          smaller benches and training
 *   npm run gpu-check -- --out file.md    where the report goes (default: runs/gpu-check.md)
 *   npm run gpu-check -- --only doctor,suites,bench,training
 *
 * Without a GPU it runs the same on the CPU and says so. A step that fails is reported and the next one runs; the exit
 * code is 1 where one failed. Alone on the machine, please: the benches are timings.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const STEPS = ['doctor', 'suites', 'bench', 'training']
const { values } = parseArgs({
  options: {
    setup: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'runs', 'gpu-check.md') },
    only: { type: 'string', default: STEPS.join(',') },
  },
})
const only = values.only.split(',')
const unknown = only.find((step) => !STEPS.includes(step))
if (unknown !== undefined) {
  console.error(`--only does not know '${unknown}'. The steps are: ${STEPS.join(', ')}.`)
  process.exit(2)
}

const bin = (name, file) => join(root, 'node_modules', name, file)
const reprise = join(root, 'packages', 'cli', 'bin', 'reprise.mjs')
const scratch = mkdtempSync(join(tmpdir(), 'reprise-gpu-check-'))

/** GPUs as NVIDIA's tool lists them: [{ name, memory, driver }]; empty without one. */
function gpus() {
  const { status, stdout } = nvidiaSmi('name,memory.total,driver_version')
  if (status !== 0) return []
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(', '))
    .map(([name, memory, driver]) => ({ name, memory, driver }))
}

function nvidiaSmi(query) {
  return spawnSync('nvidia-smi', [`--query-gpu=${query}`, '--format=csv,noheader'], { encoding: 'utf8' })
}

/** Runs a command to its end, shows its output, and watches how much GPU memory is in use meanwhile. */
async function node(args, env = {}) {
  const started = performance.now()
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env } })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
      process.stdout.write(chunk)
    })
  }
  let memory = 0
  const watch = setInterval(() => {
    if (present.length > 0)
      memory = Math.max(
        memory,
        ...nvidiaSmi('memory.used').stdout.split('\n').map(Number.parseFloat).filter(Number.isFinite),
      )
  }, 1000)
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (exit, signal) => resolve(signal ?? exit))
  })
  clearInterval(watch)
  return { ok: code === 0, code, text: plain(text), seconds: (performance.now() - started) / 1000, memory }
}

/** Without colours. */
function plain(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour begins with.
  return text.replaceAll(/\u001b\[[\d;]*m/g, '').trim()
}

const began = Date.now()
const sections = []
const summary = []

/** `run` resolves to { ok, what, body }: whether it went well, a line for the summary, Markdown for the report. */
async function step(title, run) {
  console.log(`\n== ${title}`)
  const started = performance.now()
  let result
  try {
    result = await run()
  } catch (error) {
    result = { ok: false, what: error.message, body: fenced(error.stack) }
  }
  const seconds = (performance.now() - started) / 1000
  summary.push({ title, ...result, seconds })
  sections.push(`## ${title}\n\n${result.body}\n`)
  writeReport()
}

function fenced(text, lines = 400) {
  return `\`\`\`\n${text.split('\n').slice(-lines).join('\n')}\n\`\`\``
}

function writeReport() {
  const machine = [
    `- ${new Date().toISOString()}, ${took()}, commit ${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? ' and uncommitted changes' : ''}`,
    `- Node.js ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    present.length > 0
      ? present.map(({ name, memory, driver }) => `- GPU: ${name}, ${memory}, driver ${driver}`).join('\n')
      : `- GPU: ${hasGpu() ? `${device}, as TensorFlow says; nvidia-smi does not run` : 'none found'}`,
  ]
  const rows = summary.map(
    ({ title, ok, what, seconds }) => `| ${title} | ${ok ? 'ok' : '**failed**'} | ${what} | ${seconds.toFixed(0)} s |`,
  )
  const table = ['| step | result | what | time |', '|---|---|---|---|', ...rows]
  mkdirSync(dirname(values.out), { recursive: true })
  const warning = hasGpu() ? '' : `**${NO_GPU}**\n\n`
  writeFileSync(
    values.out,
    `# GPU check\n\n${warning}${machine.join('\n')}\n\n${table.join('\n')}\n\n${sections.join('\n')}`,
  )
}

/** `5 min 22 s` since the start. */
function took() {
  const seconds = Math.round((Date.now() - began) / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : ''
}

const NO_GPU = 'No GPU was found on this machine: everything below ran on the CPU and says nothing about a GPU.'

/** What TensorFlow computes on, as doctor found it. */
let device = 'unknown'

function hasGpu() {
  return present.length > 0 || device.startsWith('GPU')
}

async function doctor() {
  const { ok, code, text } = await node([reprise, 'doctor'])
  device = /^\s*runs on\s+(.*)$/m.exec(text)?.[1] ?? device
  const starts = !device.startsWith('nothing') && device !== 'unknown'
  const gpu = device.startsWith('GPU')
  const but = gpu ? '' : hasGpu() ? ', although a GPU is here' : '; no GPU was found'
  const what = starts ? `TensorFlow runs on ${device}${but}` : 'TensorFlow does not start'
  return {
    ok: ok && starts && (gpu || present.length === 0),
    what: code === 0 ? what : `exit code ${code}`,
    body: fenced(text),
  }
}

/** tfjs-core's own suite, the recorded oracle cases and every other test of the package, and the executors' tests. */
async function suites() {
  const report = join(scratch, 'tests.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { ok, text, memory } = await node(
    [bin('vitest', 'vitest.mjs'), 'run', ...reporters, 'packages/tensorflow', 'packages/backend'],
    { NO_COLOR: '1' },
  )
  if (!existsSync(report)) return { ok: false, what: 'the tests did not run', body: fenced(text) }
  const results = JSON.parse(readFileSync(report, 'utf8'))
  const tests = results.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, file: file.name.slice(root.length + 1) })),
  )
  const failed = tests.filter(({ status }) => status === 'failed')
  const skipped = tests.filter(({ status }) => status === 'pending' || status === 'skipped')
  const what = `${results.numPassedTests} passed, ${failed.length} failed, ${skipped.length} not run${used(memory)}`
  const lines = failed.map(
    ({ file, fullName, failureMessages }) =>
      `### ${fullName} (${file})\n\n${fenced(plain(failureMessages.join('\n')), 40)}`,
  )
  const body = [
    `${what}.`,
    ...ownSuite(),
    ...(skipped.length > 0 ? [`Not run: ${skipped.map(({ fullName }) => fullName).join('; ')}.`] : []),
    ...lines,
    ...(ok || failed.length > 0 ? [] : [fenced(text, 80)]),
  ]
  return { ok: ok && skipped.length === 0, what, body: body.join('\n\n') }
}

/** The counts of tfjs-core's own suite, which is one test above. */
function ownSuite() {
  const file = join(root, 'packages', 'tensorflow', 'node_modules', '.cache', 'tensorflow-suite.json')
  if (!existsSync(file) || statSync(file).mtimeMs < began) return []
  const { version, device, passed, failed, pending } = JSON.parse(readFileSync(file, 'utf8'))
  return [
    `tfjs-core's own suite on TensorFlow ${version}, ${device}: ${passed} specs passed, ${failed.length} failed, ${pending} pending ` +
      '(failures that are listed with their reason count as such here).',
  ]
}

async function bench() {
  const file = join(scratch, 'compile.json')
  const main = join(root, 'benchmarks', 'src', 'main.ts')
  const args = [bin('tsx', 'dist/cli.mjs'), main, 'compile', ...(values.quick ? ['--quick'] : []), '--out', file]
  const { ok, text, memory } = await node(args)
  const rows = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).rows : []
  const onTensorFlow = rows.filter(({ name }) => name.includes('tensorflow'))
  const what = ok
    ? `${rows.length} rows, ${onTensorFlow.length} of them on TensorFlow${used(memory)}`
    : 'the bench did not finish'
  return { ok: ok && onTensorFlow.length > 0, what, body: fenced(text) }
}

const TRAININGS = ['tensorflow', 'eager:tensorflow', 'wasm']

/** The same training on each executor: PPO on CartPole, one seed. */
async function training() {
  const steps = values.quick ? 4096 : 40960
  const rows = []
  const notes = []
  for (const executor of TRAININGS) {
    const folder = join(scratch, executor.replace(':', '-'))
    // Operations one by one are slow; a tenth of the steps shows that they train.
    const count = executor.startsWith('eager') ? Math.max(4096, steps / 10) : steps
    const args = ['--algo', 'ppo', '--env', 'CartPole-v1', '--seed', '1', '--steps', String(count)]
    const run = await node([reprise, 'train', ...args, '--executor', executor, '--out', folder])
    const result = run.ok ? JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) : undefined
    rows.push({ executor, count, run, result })
    if (!run.ok) notes.push(`### ${executor}\n\n${fenced(run.text, 60)}`)
  }
  const cells = rows.map(({ executor, count, run, result }) => {
    const score = result ? scoreOf(result) : 'failed'
    const memory = present.length > 0 ? ` ${run.memory} MiB |` : ''
    return `| ${executor} | ${count} | ${run.seconds.toFixed(1)} s | ${result ? result.stepsPerSecond.toFixed(0) : ''} | ${score} |${memory}`
  })
  const table = [
    `| executor | steps | time, start included | steps/s | score at the end |${present.length > 0 ? ' most GPU memory in use |' : ''}`,
    `|---|---|---|---|---|${present.length > 0 ? '---|' : ''}`,
  ]
  const failed = rows.filter(({ run }) => !run.ok).map(({ executor }) => executor)
  const [first] = rows
  const what =
    failed.length > 0
      ? `failed on ${failed.join(', ')}`
      : `PPO CartPole, ${first.count} steps on tensorflow: ${scoreOf(first.result)}`
  return { ok: failed.length === 0, what, body: [...table, ...cells, '', ...notes].join('\n') }
}

function scoreOf({ score }) {
  return `mean reward ${score.toFixed(1)}`
}

function used(memory) {
  return present.length > 0 ? `, at most ${memory} MiB of GPU memory in use` : ''
}

const present = gpus()
console.log(present.length > 0 ? `GPU: ${present.map(({ name }) => name).join(', ')}` : NO_GPU)
try {
  if (values.setup) {
    await step('Setup', async () => {
      const { ok, text } = await node([reprise, 'setup', 'tensorflow', ...(present.length > 0 ? ['--cuda'] : [])])
      return {
        ok,
        what: text.split('\n').find((line) => /^(TensorFlow .* is here|Installed|error)/.test(line)) ?? '',
        body: fenced(text),
      }
    })
  }
  if (only.includes('doctor')) await step('Doctor', doctor)
  if (only.includes('suites')) await step('Suites on TensorFlow', suites)
  if (only.includes('bench')) await step('Bench: compile', bench)
  if (only.includes('training')) await step('Training', training)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
const failures = summary.filter(({ ok }) => !ok)
console.log(`\n${summary.length - failures.length} of ${summary.length} steps went well. The report: ${values.out}`)
if (!hasGpu()) console.log(NO_GPU)
if (failures.length > 0) process.exitCode = 1
