/** Every code a user can meet, with what it means. The docs page is checked against this table. */
export const ERROR_CODES = {
  RPR_OPTION_UNKNOWN: 'An option name does not exist.',
  RPR_OPTION_TYPE: 'An option has a value of the wrong type.',
  RPR_OPTION_RANGE: 'An option has a value outside its legal range.',
  RPR_OPTION_INERT: 'An option was set that would have no effect given the others.',
  RPR_OPTION_CONFLICT: 'Two options contradict each other.',
  RPR_USAGE: 'A command was called with arguments it does not take.',
  RPR_CONFIG_INVALID: 'A configuration file cannot be read as YAML with a mapping at its top.',
  RPR_FILE_MISSING: 'A file or folder does not exist.',
  RPR_FILE_EXISTS: 'A file or folder exists already and would be overwritten.',
  RPR_FILE_UNWRITABLE: 'A file or folder cannot be written.',
  RPR_ENV_UNKNOWN: 'No environment is registered under this id.',
  RPR_ENV_LOAD: 'An environment file could not be loaded.',
  RPR_ENV_CONTRACT: 'An environment breaks the contract of Env.',
  RPR_ENV_UNSUPPORTED: 'An environment lacks something that was asked for.',
  RPR_ENV_FAILED: 'An environment threw in reset or step.',
  RPR_ENV_ORDER: 'An environment was stepped or rendered before reset.',
  RPR_ENV_ACTION: 'An action lies outside the action space.',
  RPR_SPACE_INVALID: 'A space was defined with impossible bounds or sizes.',
  RPR_SPACE_UNSUPPORTED: 'A space cannot be used here.',
  RPR_SPACE_VALUE: 'A value is no element of its space.',
  RPR_ALGO_UNKNOWN: 'No algorithm has this name.',
  RPR_ALGO_UNSUPPORTED: 'An algorithm cannot learn on these spaces or with these options.',
  RPR_PRESET_UNKNOWN: 'No preset exists for this algorithm and environment.',
  RPR_EXECUTOR_UNKNOWN: 'No executor has this name.',
  RPR_EXECUTOR_MISSING: 'An executor is known but not installed.',
  RPR_EXECUTOR_INPUT: 'An executor was called with an array of the wrong name, length or type.',
  RPR_RUN_INVALID: 'A folder is not a run folder, or a file in it is damaged.',
  RPR_RUN_LOCKED: 'Another process is writing to this run.',
  RPR_CHECKPOINT_MISSING: 'A run has no such checkpoint.',
  RPR_CHECKPOINT_CORRUPT: 'A checkpoint is damaged or incomplete.',
  RPR_CHECKPOINT_VERSION: 'A checkpoint was written by a version that this one cannot read.',
  RPR_STATE_MISMATCH: 'Saved state does not fit what it is loaded into.',
  RPR_TRAINING_THREAD: 'A thread of a run ended before its work was done.',
  RPR_TRAINING_DIVERGED: 'Training produced a value that is not finite.',
  RPR_SHAPE: 'An array has the wrong length.',
  RPR_REPLAY_EMPTY: 'A replay holds too little for what was drawn from it.',
  RPR_REPLAY_SCORE: 'A priority or score is not a finite number >= 0.',
  RPR_REPLAY_STALE: 'Feedback names items that were overwritten since they were drawn (strict mode).',
  RPR_REPLAY_TOO_LARGE: 'A replay would need more memory than allowed.',
  RPR_REPLAY_CONFIG: 'Parts of a replay do not fit together.',
  RPR_REPLAY_CORRUPT: 'A saved replay is damaged or incomplete.',
  RPR_REPLAY_VERSION: 'A saved replay was written by a version that this one cannot read.',
  RPR_KERNEL_MISSING: 'A package that a kernel executor needs is not installed.',
  RPR_KERNEL_UNAVAILABLE: 'A kernel executor cannot start on this machine.',
  RPR_KERNEL_DEGRADED: 'A kernel ran elsewhere than on the executor that was asked for.',
  RPR_KERNEL_CLOSED: 'A kernel was called after its executor had been closed.',
  RPR_INDEX_CORRUPT: 'A saved similarity index is damaged or incomplete.',
  RPR_INDEX_VERSION: 'A saved similarity index was written by a version that this one cannot read.',
  RPR_EXPERIMENT_INVALID: 'An experiment file is wrong.',
  RPR_COMPILE_GRAPH: 'A graph to compile is not well formed: a shape, a type or an order is wrong.',
  RPR_COMPILE_CAPTURED: 'A function to compile uses a tensor that existed before and is no argument.',
  RPR_COMPILE_VALUE_READ: 'A function to compile reads the values of a tensor.',
  RPR_COMPILE_RANDOM: 'A function to compile draws random numbers.',
  RPR_COMPILE_VARIABLE: 'A function to compile creates or assigns a variable.',
  RPR_COMPILE_ASYNC: 'A function to compile is asynchronous.',
  RPR_COMPILE_CONSTANT_OUTPUT: 'An output of a function to compile depends on no argument.',
  RPR_COMPILE_OUTPUT: 'A function to compile returns something that is no tree of tensors.',
  RPR_COMPILE_INPUT: 'A compiled function was called with an argument of the wrong structure, shape or type.',
  RPR_COMPILE_UNSUPPORTED: 'A target cannot run an operation or a program.',
  RPR_COMPILE_TARGET_UNKNOWN: 'No compile target has this name.',
  RPR_COMPILE_DISPOSED: 'A compiled program was used after its disposal.',
  RPR_COMPILE_SPECIALISATIONS: 'A compiled function was specialised for many shapes (a warning).',
  RPR_COMPILE_FALLBACK: 'A program runs on another target than the one preferred (a warning).',
  RPR_TENSORFLOW_MISSING: 'No TensorFlow library was found, or not the kind that was asked for.',
  RPR_TENSORFLOW_PACKAGE: 'A package that the TensorFlow backend needs is not installed.',
  RPR_TENSORFLOW_PLATFORM: 'The TensorFlow backend does not run on this platform.',
  RPR_TENSORFLOW_START: 'A TensorFlow library was found and cannot be opened or started.',
  RPR_TENSORFLOW_UNSUPPORTED: 'The TensorFlow backend lacks what was asked for.',
  RPR_SETUP_PLATFORM: 'What setup installs does not run on this platform.',
  RPR_SETUP_PYTHON: 'No Python is here, or none with a pip that setup can use.',
  RPR_SETUP_DOWNLOAD: 'What setup installs could not be downloaded by pip.',
  RPR_SETUP_SPACE: 'The disk has too little free space for what setup installs.',
  RPR_SETUP_DAMAGED: 'What setup downloaded is damaged or does not open.',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

export interface RepriseErrorOptions {
  /** The offending value, as the user gave it. */
  value?: unknown
  /** What to do about it: one sentence. */
  hint?: string
  cause?: unknown
}

/** An error with a stable code, the offending value and what to do. The command line prints it and exits with 2. */
export class RepriseError extends Error {
  readonly code: ErrorCode
  readonly value: unknown
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: RepriseErrorOptions = {}) {
    super(options.hint ? `${message} ${options.hint}` : message, { cause: options.cause })
    this.name = 'RepriseError'
    this.code = code
    this.value = options.value
    this.hint = options.hint
  }
}

/** The candidate nearest to `name` by edit distance, if one is near enough to be a likely misspelling. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `Did you mean 'x'?` or a list of what exists. */
export function suggest(name: string, candidates: readonly string[]): string {
  const near = nearest(name, candidates)
  if (near !== undefined) return `Did you mean '${near}'?`
  return candidates.length > 0 ? `Known: ${candidates.join(', ')}.` : 'None are known.'
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
