export {
  type BucketAdvantagesInput,
  bucketAdvantages,
  subgroups,
} from './bucket-advantages.ts'
export { CROSSOVER } from './crossover.ts'
export * from './discounted-returns.ts'
export * from './explained-variance.ts'
export * from './gae.ts'
export type { WhitenInput } from './gpu/normalise.ts'
export type { RewardToGoInput } from './gpu/returns.ts'
export * from './group-advantages.ts'
export { kernels } from './kernels.ts'
export * from './retrace.ts'
export * from './reward-to-go.ts'
export type { RolloutInput } from './rollout.ts'
export * from './statistics.ts'
export {
  exactBuckets,
  type PrototypesInput,
  prototypeBuckets,
  type StepAdvantagesInput,
  type StepsInput,
  stepAdvantages,
} from './step-groups.ts'
export * from './v-trace.ts'
export * from './whiten.ts'
