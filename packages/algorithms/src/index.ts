export * from './algorithm.ts'
export { type GrpoOptions, grpo, grpoOptions } from './grpo.ts'
export { type PpoOptions, ppo, ppoOptions } from './ppo.ts'
export * from './registry.ts'
