import { RepriseError } from '@reprise/core'
import {
  checkSource,
  formatBytes,
  type Progress,
  planSetup,
  removeTensorFlow,
  type SetupOptions,
  type SetupPlan,
  setupTensorFlow,
} from '@reprise/tensorflow'
import type { Args } from '../args.ts'
import { INTERRUPTED } from '../interrupt.ts'
import type { Io } from '../io.ts'
import { definitions } from '../table.ts'
import { WHENCE } from './doctor-tensorflow.ts'

/** Milliseconds between two lines about the same work. */
const LINE_EVERY = 3000

export async function run(args: Args, io: Io): Promise<number> {
  const what = args.argument('what')
  if (what !== 'tensorflow') {
    throw new RepriseError('RPR_USAGE', `'reprise setup' does not know '${what}'.`, {
      value: what,
      hint: 'It installs: tensorflow.',
    })
  }
  const cuda = args.switch('cuda')
  const dryRun = args.switch('dry-run')
  if (args.switch('remove')) return remove(io, cuda, dryRun)

  const again = args.switch('force')
  const plan = await planSetup({ cuda })
  if (plan.found && !again) {
    const { library, version } = plan.found
    io.out(`TensorFlow ${version} is here: ${library.folder} (${WHENCE[library.source]}).`)
    io.out(
      library.source === 'cache' ? 'Nothing to do.' : `Nothing to do; --force installs ${plan.pins.version} beside it.`,
    )
    return 0
  }
  describe(plan, io)
  if (dryRun) {
    io.out(`\nThis was a dry run. It would be downloaded with ${checkSource({ cuda })}.`)
    return 0
  }
  return install({ cuda }, io)
}

function describe(plan: SetupPlan, io: Io): void {
  const { need, free, pins } = plan
  const count = pins.wheels.length === 1 ? '1 wheel' : `${pins.wheels.length} wheels`
  if (plan.refused) io.out(`The TensorFlow in ${plan.refused.library.folder} cannot be used: ${plan.refused.why}.`)
  if (plan.damage !== undefined)
    io.out(`The installation in ${plan.folder} is damaged (${plan.damage}) and is replaced.`)
  io.out(`TensorFlow ${pins.version}, ${pins.cuda ? 'for NVIDIA GPUs (CUDA 12) and the CPU' : 'for the CPU'}:`)
  const lines: [string, string][] = [
    ['download', `${formatBytes(need.download)}, ${count}, versions and hashes pinned`],
    ['installed', `${formatBytes(need.installed)} in ${plan.folder}`],
    ['disk', `${formatBytes(need.peak)} needed while it works, ${formatBytes(free)} free`],
  ]
  io.out(definitions(lines).join('\n'))
}

async function install(options: SetupOptions, io: Io): Promise<number> {
  const controller = new AbortController()
  const release = io.onInterrupt(() => {
    if (controller.signal.aborted) io.exit(INTERRUPTED)
    controller.abort()
  })
  try {
    const result = await setupTensorFlow({ ...options, onProgress: reporter(io), signal: controller.signal })
    if (result.resumed > 0) io.out(`${formatBytes(result.resumed)} were there from a setup that was interrupted.`)
    io.out(
      result.opened === null
        ? "The sizes of all files are right. It was not opened: that needs the package 'koffi' (npm install koffi@3.3.4)."
        : `Verified: the library opens and calls itself TensorFlow ${result.opened}.`,
    )
    io.out(`Installed ${formatBytes(result.bytes)} in ${result.folder} in ${result.seconds.toFixed(0)} s.`)
    io.out(`'${io.command} doctor' says what it runs on; train on it with --executor tensorflow.`)
    return 0
  } catch (error) {
    if (!controller.signal.aborted) throw error
    io.err(`Stopped. Nothing was installed; the same command goes on from here, and --remove deletes what it has.`)
    return INTERRUPTED
  } finally {
    release()
  }
}

/** A line when the work changes and every few seconds. */
function reporter(io: Io): (progress: Progress) => void {
  let key = ''
  let at = 0
  let before: Progress | undefined
  return (progress) => {
    const now = performance.now()
    const fresh = key !== `${progress.phase} ${progress.what}`
    if (!fresh && now - at < LINE_EVERY) return
    if (progress.phase === 'verify') {
      io.out('Verifying ...')
      return
    }
    const rate = !fresh && before ? `, ${formatBytes(((progress.done - before.done) / (now - at)) * 1000)}/s` : ''
    const verb = progress.phase === 'download' ? 'Downloading' : 'Unpacking'
    const share = `${formatBytes(progress.done)} of ${formatBytes(progress.total)}`
    io.out(`${verb} ${progress.what}: ${share}${rate}`)
    key = `${progress.phase} ${progress.what}`
    at = now
    before = progress
  }
}

function remove(io: Io, cuda: boolean, dryRun: boolean): number {
  const removed = removeTensorFlow({ dryRun, ...(cuda ? { cuda } : {}) })
  for (const { folder, bytes } of removed) {
    io.out(`${dryRun ? 'Would remove' : 'Removed'} ${folder} (${formatBytes(bytes)}).`)
  }
  if (removed.length === 0) io.out('There is nothing to remove: setup has installed nothing here.')
  return 0
}
