export { type Comparison, compareArms, type MethodOverall, type Overall, overallOf } from './compare.ts'
export {
  type Arm,
  type Experiment,
  type Quick,
  quickened,
  type Reading,
  type Reference,
  type TrainSettings,
} from './experiment.ts'
export { findExperiment, isExperiment, listExperiments } from './find-experiment.ts'
export { readExperiment } from './read-experiment.ts'
export { type Figure, figuresOf } from './report/figures.ts'
export { htmlReport } from './report/html.ts'
export { markdownReport } from './report/markdown.ts'
export { writeReport, writtenLine } from './report/write.ts'
export { type ReportRunsOptions, reportRuns, summariseRuns } from './report-runs.ts'
export {
  type ReportExperimentOptions,
  type RunExperimentOptions,
  reportExperiment,
  runExperiment,
  runsFolderOf,
} from './run-experiment.ts'
export { type LoadFile, runStudyJob } from './run-study.ts'
export type { Study, StudyCurve, StudyJob, StudyResult } from './study.ts'
export type { StudyProvenance, StudyRecord, StudyRequest } from './study-folder.ts'
export {
  type ArmSettings,
  type ArmSummary,
  type ExperimentSummary,
  type MissingSeed,
  type NamedCurve,
  readSummary,
  type SeedSummary,
  summarise,
} from './summary.ts'
