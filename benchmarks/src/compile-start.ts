/**
 * How long the PPO program (act, decide, update; 64-64 networks, a critic of its own) takes from user function to running.
 * Started as a process of its own, once per repetition, it measures the first compilation of a process too.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ppo } from '@reprise/algorithms'
import { compile, onnxTarget, readOnnxProgram, spec, writeOnnxProgram } from '@reprise/compile'
import { box, discrete, Pcg64, resolveOptions } from '@reprise/core'

/** Milliseconds. */
export interface StartTimes {
  /** Trace and compile, the first of the process. */
  readonly cold: number
  /** The same, later: the fastest of ten. */
  readonly warm: number
}

function ppoProgram() {
  const { values } = resolveOptions(ppo.options, [
    { source: 'api', values: { hidden: [64, 64], critic: 'separate', numEnvs: 8, numSteps: 128, batchSize: 256 } },
  ])
  return ppo.build({
    spaces: {
      observation: box({ low: -1, high: 1, shape: [4] }),
      action: discrete(2),
      observationSize: 4,
      maskSize: 0,
    },
    options: values,
    rng: new Pcg64(1),
    maxEpisodeSteps: 500,
  })
}
