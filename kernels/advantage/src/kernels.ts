/** Every kernel with its executors: `await kernels.gae(input)` takes what the crossover table says. */
import { defineKernel, type Implementation } from '@reprise/gpu'
import { type BucketAdvantagesInput, bucketAdvantages } from './bucket-advantages.ts'
import { CROSSOVER } from './crossover.ts'
import { discountedReturns } from './discounted-returns.ts'
import { type GaeInput, type GaeOutput, gae } from './gae.ts'
import { gpuGae } from './gpu/gae.ts'
import { gpuBucketAdvantages, gpuWhiten, type WhitenInput } from './gpu/normalise.ts'
import { gpuRetrace, gpuVTrace } from './gpu/off-policy.ts'
import { gpuPrototypeBuckets } from './gpu/prototypes.ts'
import { gpuDiscountedReturns, gpuRewardToGo, type RewardToGoInput } from './gpu/returns.ts'
import { type GroupAdvantagesInput, groupAdvantages } from './group-advantages.ts'
import { type RetraceInput, retrace } from './retrace.ts'
import { rewardToGo } from './reward-to-go.ts'
import type { RolloutInput } from './rollout.ts'
import { simdGae } from './simd/gae.ts'
import { simdGroupAdvantages } from './simd/group-advantages.ts'
import { type PrototypesInput, prototypeBuckets, type StepAdvantagesInput, stepAdvantages } from './step-groups.ts'
import { type VTraceInput, type VTraceOutput, vTrace } from './v-trace.ts'
import { whiten } from './whiten.ts'

const overRollout = ({ steps, numEnvs }: { steps: number; numEnvs: number }) => steps * numEnvs

/** A loop of `simd/` as an executor. */
const simd =
  <Input, Output>(run: (input: Input) => Output): Implementation<Input, Output> =>
  async (input, ran) => {
    const output = run(input)
    ran({ executorKind: 'simd', backend: 'wasm', fallbackReason: null })
    return output
  }

export const kernels = {
  /** `out` is written and returned where it is given, as by `gae`. */
  gae: defineKernel<GaeInput & { readonly out?: GaeOutput }, GaeOutput>({
    name: 'gae',
    reference: (input) => gae(input, input.out),
    gpu: async (gpu, input, ran) => {
      const { out } = input
      const made = await gpuGae(gpu, input, ran)
      if (out === undefined) return made
      out.advantages.set(made.advantages)
      out.returns.set(made.returns)
      return out
    },
    others: { simd: simd((input) => simdGae(input, input.out)) },
    cells: overRollout,
    crossover: CROSSOVER['gae'],
  }),
  discountedReturns: defineKernel<RolloutInput, Float32Array>({
    name: 'discountedReturns',
    reference: discountedReturns,
    gpu: gpuDiscountedReturns,
    cells: overRollout,
    crossover: CROSSOVER['discountedReturns'],
  }),
  rewardToGo: defineKernel<RewardToGoInput, Float64Array>({
    name: 'rewardToGo',
    reference: ({ rewards, offsets, gamma }) => rewardToGo(rewards, offsets, gamma),
    gpu: gpuRewardToGo,
    cells: ({ rewards }) => rewards.length,
    crossover: CROSSOVER['rewardToGo'],
  }),
  vTrace: defineKernel<VTraceInput, VTraceOutput>({
    name: 'vTrace',
    reference: vTrace,
    gpu: gpuVTrace,
    cells: overRollout,
    crossover: CROSSOVER['vTrace'],
  }),
  retrace: defineKernel<RetraceInput, Float32Array>({
    name: 'retrace',
    reference: retrace,
    gpu: gpuRetrace,
    cells: overRollout,
    crossover: CROSSOVER['retrace'],
  }),
  groupAdvantages: defineKernel<GroupAdvantagesInput, Float64Array>({
    name: 'groupAdvantages',
    reference: groupAdvantages,
    gpu: (gpu, input, ran) => gpuBucketAdvantages(gpu, { ...input, bucket: input.group }, ran),
    others: { simd: simd(simdGroupAdvantages) },
    cells: ({ rewards }) => rewards.length,
    crossover: CROSSOVER['groupAdvantages'],
  }),
  bucketAdvantages: defineKernel<BucketAdvantagesInput, Float64Array>({
    name: 'bucketAdvantages',
    reference: bucketAdvantages,
    gpu: gpuBucketAdvantages,
    cells: ({ rewards }) => rewards.length,
    crossover: CROSSOVER['bucketAdvantages'],
  }),
  stepAdvantages: defineKernel<StepAdvantagesInput, Float64Array>({
    name: 'stepAdvantages',
    reference: stepAdvantages,
    gpu: (gpu, input, ran) => gpuBucketAdvantages(gpu, { ...input, rewards: input.returns }, ran),
    cells: ({ returns }) => returns.length,
    crossover: CROSSOVER['stepAdvantages'],
  }),
  prototypeBuckets: defineKernel<PrototypesInput, Int32Array>({
    name: 'prototypeBuckets',
    reference: prototypeBuckets,
    gpu: gpuPrototypeBuckets,
    cells: ({ group, width }) => group.length * width,
    crossover: CROSSOVER['prototypeBuckets'],
  }),
  whiten: defineKernel<WhitenInput, Float32Array>({
    name: 'whiten',
    reference: ({ values, std, epsilon }) => whiten(values, { std, epsilon }),
    gpu: gpuWhiten,
    cells: ({ values }) => values.length,
    crossover: CROSSOVER['whiten'],
  }),
} as const
