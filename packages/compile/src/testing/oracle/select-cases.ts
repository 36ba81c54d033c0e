/** The fixed subset that is committed: small calls that differ in kind, chosen the same way each time. */
import { sizeOf } from '../../graph.ts'
import { importers } from '../../import/index.ts'
import { type OracleCase, unpackCase } from './case.ts'

/** Largest operand or result of a case. */
const ELEMENTS = 128
const PER_KERNEL = 80

/** @param lines one recorded call each @returns those of kernels that compile, fewer where they are alike */
export function selectCases(lines: readonly string[]): string[] {
  const chosen = new Map<string, Map<string, string>>()
  for (const line of lines) {
    const one = unpackCase(line)
    const arrays = [...Object.values(one.inputs), ...one.outputs]
    if (importers[one.kernel] === undefined || arrays.some(({ shape }) => sizeOf(shape) > ELEMENTS)) continue
    const kinds = chosen.get(one.kernel) ?? new Map<string, string>()
    const kind = kindOf(one)
    // The shortest of each kind.
    const known = kinds.get(kind)
    if (known === undefined || line.length < known.length) kinds.set(kind, line)
    chosen.set(one.kernel, kinds)
  }
  return [...chosen]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, kinds]) =>
      [...kinds]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, line]) => line)
        .slice(0, PER_KERNEL),
    )
}

/** What makes a case worth keeping beside another: types, ranks, special values, attributes. */
function kindOf({ inputs, attributes, outputs }: OracleCase): string {
  const arrays = [...Object.entries(inputs), ...outputs.map((array, i) => [`out${i}`, array] as const)]
  const special = arrays.some(([, { data }]) => data.some((value) => !Number.isFinite(value)))
  const empty = arrays.some(([, { data }]) => data.length === 0)
  const kinds = arrays.map(([name, { dtype, shape }]) => `${name}:${dtype}${shape.map((d) => (d === 1 ? '1' : 'n'))}`)
  // Special values and empty tensors first: the subset may be cut.
  return `${special ? 0 : 1}${empty ? 0 : 1} ${kinds.join(' ')} ${JSON.stringify(attributes).slice(0, 200)}`
}
