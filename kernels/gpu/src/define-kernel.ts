import { RepriseError, suggest } from '@reprise/core'
import type { Executed, GpuExecutor } from './executor.ts'
import { type GpuRuntime, openGpu } from './runtime.ts'

/** `reference` is plain TypeScript, synchronous inside; `auto` asks the crossover table. */
export type KernelExecutor = 'auto' | 'reference' | GpuExecutor | (string & {})

/** What `auto` takes, and why. */
export interface KernelChoice {
  readonly executor: string
  readonly reason: string
}

/** What a call ran on. `executed` is what gpu.js says, where it ran. */
export interface KernelRun extends KernelChoice {
  readonly cells: number
  readonly executed?: Executed
}

/** Cells from which each executor was measured to beat the reference; the one that begins last and fits is taken. */
export type Crossover = Readonly<Record<string, number>>

/** A way to compute a kernel; `ran` hands over what gpu.js says about a plan. */
export type Implementation<Input, Output> = (input: Input, ran: (executed: Executed) => void) => Promise<Output>

export interface KernelDefinition<Input, Output> {
  readonly name: string
  readonly reference: (input: Input) => Output
  /** On gpu.js, for all of its executors. */
  readonly gpu?: (runtime: GpuRuntime, input: Input, ran: (executed: Executed) => void) => Promise<Output>
  /** Other ways by name, such as a matrix product. */
  readonly others?: Readonly<Record<string, Implementation<Input, Output>>>
  /** The size that the crossover is counted in. */
  readonly cells: (input: Input) => number
  /** Another size for some executors, which the caller's situation may change. */
  readonly cellsOf?: Readonly<Record<string, (input: Input) => number>>
  readonly crossover?: Crossover
  /** The largest index that gpu.js computes with; default `cells`. */
  readonly indexed?: (input: Input) => number
}

export interface Kernel<Input, Output> {
  /** @throws RepriseError RPR_OPTION_RANGE, RPR_SHAPE, RPR_KERNEL_MISSING, _UNAVAILABLE, _DEGRADED */
  (input: Input, options?: { readonly executor?: KernelExecutor }): Promise<Output>
  readonly kernelName: string
  readonly executors: readonly string[]
  readonly reference: (input: Input) => Output
  readonly cells: (input: Input) => number
  /** What `auto` takes for this input, by its size. */
  choose(input: Input): KernelChoice
  /** What the last call ran on. */
  readonly lastRun: KernelRun | undefined
  /** Replaces the measured table, for instance by one of your machine; returns the old one. */
  setCrossover(table: Crossover): Crossover
}

/** Indices travel as float32, which counts exactly up to here. */
export const MOST_CELLS = 2 ** 24

/** One kernel: a reference and ways to run it faster, behind one asynchronous function. */
export function defineKernel<Input, Output>(definition: KernelDefinition<Input, Output>): Kernel<Input, Output> {
  const { name, reference, gpu, others = {}, cells, cellsOf = {}, indexed = cells } = definition
  const executors = ['auto', 'reference', ...(gpu ? ['webgpu', 'webasm', 'cpu'] : []), ...Object.keys(others)]
  let table = checkTable(definition.crossover ?? {}, executors)
  let lastRun: KernelRun | undefined

  const choose = (input: Input): KernelChoice => {
    const sized = Object.entries(table).map(([executor, from]) => ({
      executor,
      from,
      size: (cellsOf[executor] ?? cells)(input),
    }))
    const best = sized.filter(({ from, size }) => size >= from).sort((a, b) => b.from - a.from)[0]
    if (best === undefined)
      return { executor: 'reference', reason: `${cells(input)} cells: nothing was measured to be faster there` }
    return { executor: best.executor, reason: `${best.size} cells: faster from ${best.from}` }
  }

  const call = async (
    input: Input,
    { executor = 'auto' }: { readonly executor?: KernelExecutor } = {},
  ): Promise<Output> => {
    if (!executors.includes(executor))
      throw new RepriseError('RPR_OPTION_RANGE', `Kernel '${name}' does not run on '${executor}'.`, {
        value: executor,
        hint: suggest(executor, executors),
      })
    const choice = executor === 'auto' ? choose(input) : { executor, reason: 'asked for' }
    let executed: Executed | undefined
    const ran = (by: Executed) => {
      executed = by
    }
    const output = await compute(input, choice.executor, ran)
    lastRun = { ...choice, cells: cells(input), ...(executed ? { executed } : {}) }
    return output
  }

  const compute = async (input: Input, executor: string, ran: (executed: Executed) => void): Promise<Output> => {
    if (executor === 'reference') return reference(input)
    const other = others[executor]
    if (other !== undefined) return other(input, ran)
    const size = indexed(input)
    if (size > MOST_CELLS)
      throw new RepriseError(
        'RPR_OPTION_RANGE',
        `Kernel '${name}' was given arrays of ${size} elements for '${executor}'.`,
        {
          value: size,
          hint: `gpu.js counts in float32: at most ${MOST_CELLS}. The reference has no limit.`,
        },
      )
    return gpu!(await openGpu(executor as GpuExecutor), input, ran)
  }

  return Object.defineProperties(call as Kernel<Input, Output>, {
    kernelName: { value: name },
    executors: { value: executors },
    reference: { value: reference },
    cells: { value: cells },
    choose: { value: choose },
    lastRun: { get: () => lastRun },
    setCrossover: {
      value: (next: Crossover) => {
        const old = table
        table = checkTable(next, executors)
        return old
      },
    },
  })
}

function checkTable(table: Crossover, executors: readonly string[]): Crossover {
  for (const [executor, from] of Object.entries(table)) {
    if (executor === 'auto' || executor === 'reference' || !executors.includes(executor))
      throw new RepriseError('RPR_OPTION_RANGE', `A crossover names the executor '${executor}'.`, {
        value: executor,
        hint: suggest(executor, executors.slice(2)),
      })
    if (!(from >= 0))
      throw new RepriseError('RPR_OPTION_RANGE', `The crossover of '${executor}' is ${from}.`, {
        value: from,
        hint: 'It is a number of cells, 0 or more.',
      })
  }
  return table
}
