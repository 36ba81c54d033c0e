export { formatBytes } from './errors.ts'
export { type TensorFlowFacts, tensorFlowFacts } from './facts.ts'
export type { Progress } from './install.ts'
export type { Driver, Gpu } from './probe.ts'
export {
  checkSource,
  planSetup,
  type Removed,
  removeTensorFlow,
  type SetupOptions,
  type SetupPlan,
  type SetupResult,
  setupTensorFlow,
} from './setup.ts'
