export { type OnnxExport, toOnnx } from './export.ts'
export { OnnxProgram } from './program.ts'
export { type OnnxTarget, type OnnxTargetOptions, onnxTarget } from './target.ts'
