export { type ConfigFile, readConfigFile } from './config/config-file.ts'
export { findPreset, listPresets, type Preset } from './config/presets.ts'
export { optionTableOf, type ResolvedRun, resolveRun, type TrainOptions } from './config/resolve.ts'
export { groupRunOptions, runOptions } from './config/run-options.ts'
export type { Evaluation } from './evaluate.ts'
export { type EvaluateTasksOptions, evaluateTasks, type TaskResult } from './evaluate-tasks.ts'
export {
  type Agent,
  type EvaluateOptions,
  type EvaluateResult,
  evaluate,
  loadAgent,
} from './load-agent.ts'
export { type EnvLike, importUserFile, type LoadedEnv, loadEnv } from './load-env/index.ts'
export type { LoadOptions } from './load-learner.ts'
export type { Task } from './loops/tasks.ts'
export { builtinRegistry } from './registry.ts'
export * from './reporting/index.ts'
export { type ResumeOptions, resume } from './resume.ts'
export {
  type CheckpointChoice,
  type CheckpointInfo,
  hashState,
  listCheckpoints,
  readBest,
  readCheckpoint,
} from './run/checkpoint.ts'
export { type FailedRun, failedRunOf } from './run/failed-run.ts'
export { REPRISE_VERSION } from './run/provenance.ts'
export { type RunConfig, type RunResult, readConfig, readResult } from './run/run-folder.ts'
export type { SessionResult } from './session.ts'
export { type SessionOptions, train } from './train.ts'
