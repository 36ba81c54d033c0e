/** Which target a program lives on: all its functions on one, since they share state. */
import { RepriseError } from '@reprise/core'
import { CROSSOVER_FLOPS, graphFlops } from './cost.ts'
import type { ProgramRequest, Target } from './target.ts'
import { targetNamed, targetNames } from './target-registry.ts'
import { emitWarning, type Warn } from './warn.ts'

export interface TargetOptions {
  /** 'auto' (default), a target's name, or a target of your own that is not registered. */
  readonly target?: 'auto' | 'wasm' | 'onnx' | 'tensorflow' | 'eager' | (string & {}) | Target
  /** Throw where 'auto' would fall back to another target, at once or later. Default false. */
  readonly strict?: boolean
  /** Gets each warning. Default: `process.emitWarning`. */
  readonly warn?: Warn
}

export interface Choice {
  readonly target: Target
  /** One sentence for logs and run folders. */
  readonly reason: string
  /** Where to go if it fails, in this order; nowhere where the target was forced, or with `strict`. */
  readonly rest: readonly Target[]
}

/** What may stand in for a registered target: one that starts from a file. */
type StandIn = (target: Target) => Target

/**
 * A forced target must take the program. 'auto' takes WebAssembly for small functions and ONNX Runtime for big ones,
 * whichever of them can, and at last TensorFlow.js itself; a registered target that runs on a GPU comes before them
 * from its own size on; it warns once when that is not the first choice.
 * @throws RPR_COMPILE_UNSUPPORTED where a forced target refuses, or any with `strict`; RPR_COMPILE_TARGET_UNKNOWN
 */
export function chooseTarget(
  request: ProgramRequest,
  options: TargetOptions = {},
  standIn: StandIn = (target) => target,
): Choice {
  const { target = 'auto', strict = false, warn = emitWarning } = options
  if (target !== 'auto') {
    const forced = standIn(typeof target === 'string' ? targetNamed(target) : target)
    const refusal = refusalOf(forced, request)
    if (refusal !== undefined) refuse(forced.name, refusal)
    return { target: forced, reason: `'${forced.name}' was asked for.`, rest: [] }
  }
  const { order, why } = preference(request)
  const refusals: string[] = []
  for (const [i, name] of order.entries()) {
    const candidate = standIn(targetNamed(name))
    const refusal = refusalOf(candidate, request)
    if (refusal !== undefined) {
      if (strict) refuse(name, refusal)
      refusals.push(`${name} cannot: ${refusal}`)
      continue
    }
    const rest = strict ? [] : order.slice(i + 1).map(targetNamed)
    if (refusals.length === 0) return { target: candidate, reason: why, rest }
    const reason = `${why} But ${refusals.join('; ')}`
    warn({ code: 'RPR_COMPILE_FALLBACK', message: `Runs on ${name}. ${reason}` })
    return { target: candidate, reason, rest }
  }
  return refuse('auto', refusals.join('; '))
}

function preference(request: ProgramRequest): { order: string[]; why: string } {
  const known = new Set(targetNames())
  const ordered = (...names: string[]): string[] => names.filter((name) => known.has(name))
  const flops = largestFlops(request)
  if (flops === undefined) return { order: ordered('wasm', 'onnx', 'eager'), why: 'The functions do not compile.' }
  const size = `${(flops / 1e6).toPrecision(3)} MFLOP in the largest function`
  const limit = `the crossover of ${CROSSOVER_FLOPS / 1e6} MFLOP`
  const large = [...known].find((name) => flops >= (targetNamed(name).fromFlops ?? Number.POSITIVE_INFINITY))
  if (large !== undefined) {
    const from = `the ${targetNamed(large).fromFlops! / 1e6} MFLOP`
    return {
      order: [large, ...ordered('onnx', 'wasm', 'eager')],
      why: `${size}: ${from} from which ${large} is taken.`,
    }
  }
  return flops < CROSSOVER_FLOPS
    ? { order: ordered('wasm', 'onnx', 'eager'), why: `${size}: below ${limit}, wasm is faster.` }
    : { order: ordered('onnx', 'wasm', 'eager'), why: `${size}: above ${limit}, onnx is faster.` }
}

/** undefined where a function has a kernel that does not compile. */
function largestFlops(request: ProgramRequest): number | undefined {
  try {
    return Math.max(0, ...Object.values(request.functions).map((fn) => graphFlops(fn.graph())))
  } catch (error) {
    if (isUnsupported(error)) return undefined
    throw error
  }
}

/** Why a target cannot take a program; undefined where it can. */
export function refusalOf(target: Target, request: ProgramRequest): string | undefined {
  try {
    return target.supports(request)?.reason
  } catch (error) {
    if (isUnsupported(error)) return error.message
    throw error
  }
}

function isUnsupported(error: unknown): error is RepriseError {
  return error instanceof RepriseError && error.code === 'RPR_COMPILE_UNSUPPORTED'
}

function refuse(name: string, reason: string): never {
  throw new RepriseError('RPR_COMPILE_UNSUPPORTED', `Target '${name}' cannot run this program: ${reason}`, {
    value: name,
  })
}
