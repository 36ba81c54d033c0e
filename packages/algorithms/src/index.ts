export * from './algorithm.ts'
export { type PpoOptions, ppo, ppoOptions } from './ppo.ts'
export * from './registry.ts'
