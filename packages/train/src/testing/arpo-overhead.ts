/**
 * What replay adds to the time of an iteration at equal row counts: `tsx packages/train/src/testing/arpo-overhead.ts`.
 *
 * All loops have the same options, `oldLogProb: recompute` (ARPO's default) included, and the row `stored` shows what that
 * costs by itself. Every episode has 50 steps, so that GRPO and ARPO train on the same number of rows. They take turns; medians
 * of the ratios within a round with their 95 % intervals, by the clock and by processor time, which other work on the machine
 * disturbs less but which counts the collector of garbage twice where it runs beside. `grpo again` shows the noise.
 * `every group` is the worst case: each group gets a stored episode, and every episode is stored.
 */
import type { GroupAlgorithm } from '@reprise/algorithms'
import { resolveRun } from '../config/resolve.ts'
import { buildLearner } from '../learner.ts'
import { Failures } from '../loops/failures.ts'
import { GroupLoop } from '../loops/group-loop.ts'
import { PhaseTimer } from '../loops/phase-timer.ts'
import { EpisodeWindow } from '../run/episode-window.ts'
import { generatorOf } from '../run/seeds.ts'

/** Milliseconds. */
const processorTime = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const GROUPS = Number(process.argv[2] ?? 64)
const ITERATIONS = Number(process.argv[3] ?? 25)

async function loopOf(algo: string, more: Record<string, unknown>) {
  const set = {
    ...{ groups: GROUPS, groupSize: 8, hidden: [128], maxEpisodeSteps: 50, tasks: GROUPS, skipZeroVariance: false },
    ...more,
  }
  const resolved = await resolveRun({ algo, env: 'Pendulum-v1', preset: false, executor: 'wasm', set }, 'api')
  const learner = await buildLearner(resolved)
  const timer = new PhaseTimer()
  const context = {
    ...{ ...learner, algorithm: resolved.algorithm, options: resolved.algorithmOptions, timer },
    ...{ episodes: new EpisodeWindow(), failures: new Failures(() => {}), totalSteps: 1e9 },
    rng: {
      actions: generatorOf(1, 'actions'),
      minibatches: generatorOf(1, 'minibatches'),
      environments: generatorOf(1, 'environments'),
      replay: generatorOf(1, 'replay'),
    },
  }
  const loop = new GroupLoop(context, resolved.algorithm as GroupAlgorithm, resolved.run.tasks!)
  await loop.start()
  return loop
}

// The second bound is passed by one episode in ten or so, the first by all.
const shared = {
  advantageEpsilon: 1e-6,
  clipHigh: 0.3,
  dualClip: 3,
  oldLogProb: 'recompute',
  outcomeFrom: 'return>-9999',
}
const rare = { outcomeFrom: `return>${process.argv[4] ?? -250}` }
const loops = {
  grpo: await loopOf('grpo', shared),
  'grpo again': await loopOf('grpo', shared),
  'grpo, oldLogProb stored': await loopOf('grpo', { ...shared, oldLogProb: 'stored' }),
  'arpo, nothing': await loopOf('arpo', { outcomeFrom: shared.outcomeFrom }),
  'arpo, groups that failed': await loopOf('arpo', rare),
  'arpo, every group': await loopOf('arpo', { outcomeFrom: shared.outcomeFrom, trigger: 'always' }),
}
const clocks = { clock: () => performance.now(), processor: processorTime }
type Clock = keyof typeof clocks
const times = Object.fromEntries(
  Object.keys(loops).map((name) => [name, { clock: [] as number[], processor: [] as number[] }]),
)
const none = () => Object.fromEntries(Object.keys(loops).map((name) => [name, 0]))
const injected = none()
const added = none()
// In another order every time: what one leaves behind (garbage, cold caches) is paid for by the next.
const entries = Object.entries(loops)
const places = Int32Array.from(entries, (_, i) => i)
const order = generatorOf(1, 'minibatches')
for (let i = 0; i < ITERATIONS; i++) {
  order.shuffle(places)
  for (const place of places) {
    const [name, loop] = entries[place]!
    const before = { clock: clocks.clock(), processor: clocks.processor() }
    const { steps, metrics } = await loop.iterate(0)
    // The first two make and warm everything up.
    if (i >= 2)
      for (const clock of ['clock', 'processor'] as const) times[name]![clock].push(clocks[clock]() - before[clock])
    if (steps !== GROUPS * 8 * 50) throw new Error(`${name}: ${steps} steps`)
    injected[name]! += (metrics['replay/injected_fraction'] ?? 0) / ITERATIONS
    added[name]! += (metrics['replay/added'] ?? 0) / ITERATIONS
  }
}
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)
const median = (values: readonly number[]) => sorted(values)[values.length >> 1]!
/** Per cent more than GRPO, each round beside the two of GRPO in it: what slows the machine for a while slows all of them. */
function more(name: string, clock: Clock): string {
  const both = times['grpo']![clock].map((time, i) => (time + times['grpo again']![clock][i]!) / 2)
  const ratios = sorted(times[name]![clock].map((time, i) => 100 * (time / both[i]! - 1)))
  // Ranks between which the median lies 95 times out of 100.
  const half = 0.98 * Math.sqrt(ratios.length)
  const at = (rank: number) => ratios[Math.max(0, Math.min(ratios.length - 1, Math.round(rank)))]!.toFixed(1)
  const middle = (ratios.length - 1) / 2
  return `${at(middle)} % [${at(middle - half)}, ${at(middle + half)}]`
}
for (const name of Object.keys(loops)) {
  const share = `${(100 * injected[name]!).toFixed(1)} % of the episodes replayed, ${added[name]!.toFixed(0)} stored`
  const time = median(times[name]!.clock).toFixed(1)
  console.log(
    `${name}: ${time} ms, ${more(name, 'clock')} more than grpo, by processor ${more(name, 'processor')}; ${share}`,
  )
}
for (const loop of Object.values(loops)) await loop.close()
