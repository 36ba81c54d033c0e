export { parseDevice } from './device.ts'
export * from './library.ts'
export * from './setup/index.ts'
export { type TensorFlowInfo, type TensorFlowOptions, useTensorFlow, useTensorFlowTarget } from './use-tensorflow.ts'
