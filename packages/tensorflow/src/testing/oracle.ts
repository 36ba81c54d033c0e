/** Recorded kernel calls of tfjs-core's suite (packages/compile/recorded), compiled by XLA, many in one function. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  type Dtype,
  type FunctionRequest,
  GraphBuilder,
  type HostData,
  importKernel,
  simplify,
  type TensorSpec,
} from '@reprise/compile'
import { RepriseError } from '@reprise/core'
import type { Session } from '../native/session.ts'
import { TensorFlowProgram } from '../target/program.ts'

const RECORDED = fileURLToPath(new URL('../../../compile/recorded/kernels.jsonl', import.meta.url))
const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

interface HostArray extends TensorSpec {
  readonly data: HostData
}

export interface OracleCase {
  readonly kernel: string
  readonly inputs: Readonly<Record<string, HostArray>>
  readonly attributes: Readonly<Record<string, unknown>>
  readonly outputs: readonly HostArray[]
}

export function recordedCases(): OracleCase[] {
  const lines = readFileSync(RECORDED, 'utf8').trim().split('\n')
  return lines.map((line) => {
    const { k, i, a, o } = JSON.parse(line, revive) as Record<'k' | 'i' | 'a' | 'o', never>
    const inputs = Object.entries(i as Record<string, Packed>).map(([name, packed]) => [name, unpack(packed)])
    return { kernel: k, inputs: Object.fromEntries(inputs), attributes: a, outputs: (o as Packed[]).map(unpack) }
  })
}

type Packed = readonly [dtype: Dtype, shape: readonly number[], data: string]

function unpack([dtype, shape, text]: Packed): HostArray {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  return { dtype, shape, data: new ARRAYS[dtype](bytes.buffer) }
}

function revive(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && '$' in value ? Number(value.$) : value
}

export interface Verdicts {
  readonly passed: number
  readonly refused: number
  readonly wrong: readonly string[]
}

/** Each case keeps its own nodes; `size` of them share a function, as compiling each alone would take minutes. */
export function runCases(session: Session, cases: readonly OracleCase[], size = 40): Verdicts {
  let passed = 0
  let refused = 0
  const wrong: string[] = []
  for (let from = 0; from < cases.length; from += size) {
    const chunk = cases.slice(from, from + size)
    const g = new GraphBuilder()
    const results: Record<string, number> = {}
    const inputs: Record<string, HostArray> = {}
    const taken = chunk.filter((one, c) => {
      try {
        const operands = Object.fromEntries(
          Object.entries(one.inputs).map(([name, { shape, dtype }]) => [name, g.input(`${c}/${name}`, shape, dtype)]),
        )
        importKernel(g, { name: one.kernel, inputs: operands, attributes: one.attributes }).forEach((id, k) => {
          results[`${c}/${k}`] = id
        })
        for (const [name, array] of Object.entries(one.inputs)) inputs[`${c}/${name}`] = array
        return true
      } catch (error) {
        if (error instanceof RepriseError && error.code === 'RPR_COMPILE_UNSUPPORTED') refused++
        else throw error
        return false
      }
    })
    const graph = simplify(g.build(results))
    const request: FunctionRequest = { name: 'cases', graph: () => graph, inputs }
    const program = new TensorFlowProgram(session, { state: {}, functions: { cases: request } })
    const built = program.functions['cases']!
    for (const [name, { data }] of Object.entries(inputs)) built.inputs[name]!.set(data as never)
    built.run()
    chunk.forEach((one, c) => {
      if (!taken.includes(one)) return
      const differences = one.outputs.flatMap((wanted, k) => compare(built.outputs[`${c}/${k}`]!, wanted) ?? [])
      if (differences.length === 0) passed++
      else wrong.push(`${one.kernel}: ${differences[0]} (${JSON.stringify(one.attributes).slice(0, 100)})`)
    })
    program.dispose()
  }
  return { passed, refused, wrong }
}

/** Relative to the larger of the value and a hundredth of the tensor's largest, as packages/compile compares. */
const TOLERANCE = 1e-5

function compare(got: HostData, wanted: HostArray): string | undefined {
  if (got.length !== wanted.data.length) return `${got.length} values for ${wanted.data.length}`
  const finite = Array.from(wanted.data, Math.abs).filter(Number.isFinite)
  const floor = 1e-2 * finite.reduce((a, b) => Math.max(a, b), 0)
  for (let i = 0; i < got.length; i++) {
    const [a, b] = [got[i]!, wanted.data[i]!]
    if (Object.is(a, b) || a === b) continue
    const near = Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(b), floor, 1e-6)
    if (wanted.dtype !== 'float32' || !near) return `${a} for ${b} at ${i}`
  }
  return undefined
}
