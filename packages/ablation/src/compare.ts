/** Arms against the control of their task, and methods over all tasks. */
import {
  type Interval,
  improvementInterval,
  interval,
  iqm,
  mean,
  median,
  pairedDifference,
  type Scores,
  singleTask,
} from '@reprise/stats'
import type { Reading } from './experiment.ts'
import type { ArmSummary } from './summary.ts'

export interface Comparison {
  readonly arm: string
  readonly control: string
  readonly task: string
  /** Seeds that both have finished: the pairs. */
  readonly seeds: readonly number[]
  /** Score of the arm minus score of the control, by seed. */
  readonly differences: readonly number[]
  /** Their mean. */
  readonly difference: Interval
  /** Probability that a run of the arm is better than one of the control; a tie counts half. */
  readonly improvement: Interval
  readonly better: number
  readonly equal: number
}

export interface MethodOverall {
  readonly method: string
  readonly label: string
  readonly isNull: boolean
  readonly runs: number
  /** Normalised scores[run][task]: 0 and 1 are what `scales` says, greater is better. */
  readonly scores: Scores
  readonly iqm: Interval
  readonly mean: Interval
  readonly median: Interval
  /** Against the control, where there is one and it covers all tasks. */
  readonly improvement: Interval | null
  readonly difference: Interval | null
}

export interface Overall {
  readonly tasks: readonly string[]
  /** Scores that count as 0 and as 1. */
  readonly scales: Readonly<Record<string, readonly [number, number]>>
  /** True for tasks whose scale the file gives; else it is from the least to the greatest score of all runs. */
  readonly given: Readonly<Record<string, boolean>>
  readonly methods: readonly MethodOverall[]
  /** Methods that lack runs of a task: they cannot be aggregated. */
  readonly incomplete: readonly string[]
}

/** The arm that `arm` is compared with: the control's of the same task, or the one arm that is named. */
export function controlOf(arm: ArmSummary, arms: readonly ArmSummary[], control: string): ArmSummary | undefined {
  const rivals = arms.filter((other) => other.task === arm.task && other !== arm)
  return rivals.find((other) => other.method === control) ?? rivals.find((other) => other.name === control)
}

export function compareArms(arms: readonly ArmSummary[], { control, better }: Reading): Comparison[] {
  if (control === null) return []
  return arms.flatMap((arm) => {
    const against = controlOf(arm, arms, control)
    if (!against || arm.method === control || arm.name === control) return []
    const pairs = arm.seeds.flatMap((own) => {
      const other = against.seeds.find(({ seed }) => seed === own.seed)
      return other ? [[own, other] as const] : []
    })
    if (pairs.length === 0) return []
    const x = singleTask(pairs.map(([own]) => own.score))
    const y = singleTask(pairs.map(([, other]) => other.score))
    const { differences, value, low, high } = pairedDifference(x, y)
    const sign = better === 'higher' ? 1 : -1
    const flat = differences.map(([difference]) => difference!)
    return [
      {
        arm: arm.name,
        control: against.name,
        task: arm.task,
        seeds: pairs.map(([own]) => own.seed),
        differences: flat,
        difference: { value, low, high },
        improvement: improvementInterval(signed(x, sign), signed(y, sign)),
        better: flat.filter((difference) => sign * difference > 0).length,
        equal: flat.filter((difference) => difference === 0).length,
      },
    ]
  })
}

/** Null with one task, or where no method has runs of all of them. */
export function overallOf(arms: readonly ArmSummary[], { control, better, normalise }: Reading): Overall | null {
  const tasks = [...new Set(arms.map(({ task }) => task))]
  if (tasks.length < 2) return null
  const methods = [...new Set(arms.map(({ method }) => method))]
  const shared = methods.filter((method) => new Set(armsOf(method).map(({ task }) => task)).size === tasks.length)
  if (shared.length === 0) return null
  const scales = Object.fromEntries(tasks.map((task) => [task, normalise[task] ?? normalise['*'] ?? rangeOf(task)]))
  const given = Object.fromEntries(tasks.map((task) => [task, (normalise[task] ?? normalise['*']) !== undefined]))
  const matrices = shared.map((method) => ({ method, ...matrixOf(method) }))
  if (matrices.every(({ scores }) => scores.length === 0)) return null
  const against = matrices.find(({ method, scores }) => method === control && scores.length > 0)
  return {
    tasks,
    scales,
    given,
    incomplete: matrices.filter(({ scores }) => scores.length === 0).map(({ method }) => method),
    methods: matrices
      .filter(({ scores }) => scores.length > 0)
      .map((matrix) => {
        const { method, scores } = matrix
        const { label, isNull } = armsOf(method)[0]!
        const rival = method === control ? undefined : against
        return {
          ...{ method, label, isNull, runs: scores.length, scores },
          iqm: interval(scores, iqm, { reps: 5000 }),
          mean: interval(scores, mean, { reps: 5000 }),
          median: interval(scores, median, { reps: 5000 }),
          improvement: rival ? improvementInterval(scores, rival.scores) : null,
          difference: rival ? paired(matrix, rival) : null,
        }
      }),
  }

  function armsOf(method: string): ArmSummary[] {
    return arms.filter((arm) => arm.method === method)
  }

  /** Seeds that have finished in every task of the method. */
  function matrixOf(method: string): Matrix {
    const own = tasks.map((task) => armsOf(method).find((arm) => arm.task === task)!)
    const seeds = own[0]!.seeds
      .map(({ seed }) => seed)
      .filter((seed) => own.every((arm) => scoreOf(arm, seed) !== undefined))
    const scores = seeds.map((seed) =>
      own.map((arm, task) => {
        const [zero, one] = scales[tasks[task]!]!
        return (scoreOf(arm, seed)! - zero) / (one - zero)
      }),
    )
    return { seeds, scores }
  }

  function rangeOf(task: string): readonly [number, number] {
    const scores = arms.filter((arm) => arm.task === task).flatMap(({ seeds }) => seeds.map(({ score }) => score))
    const [low, high] = [Math.min(...scores), Math.max(...scores)]
    const ends: [number, number] = low < high ? [low, high] : [low, low + 1]
    return better === 'higher' ? ends : [ends[1], ends[0]]
  }
}

function scoreOf(arm: ArmSummary, wanted: number): number | undefined {
  return arm.seeds.find(({ seed }) => seed === wanted)?.score
}

/** Normalised scores[run][task] and the seed of each run. */
interface Matrix {
  readonly seeds: readonly number[]
  readonly scores: Scores
}

/** Over the seeds that both have in every task; null where there are none. */
function paired(own: Matrix, other: Matrix): Interval | null {
  const pairs = own.seeds.flatMap((seed, i) => {
    const j = other.seeds.indexOf(seed)
    return j < 0 ? [] : [[own.scores[i]!, other.scores[j]!] as const]
  })
  if (pairs.length === 0) return null
  const { value, low, high } = pairedDifference(
    pairs.map(([x]) => x),
    pairs.map(([, y]) => y),
  )
  return { value, low, high }
}

function signed(scores: Scores, sign: number): Scores {
  return scores.map((row) => row.map((value) => sign * value))
}
