import type { AnyEnvDefinition } from '@reprise/core'
import { countdown } from './countdown.ts'
import { ezPoints } from './ez-points.ts'
import { formDesk } from './form-desk.ts'
import { hiddenSequence } from './hidden-sequence.ts'
import { numberLine } from './number-line.ts'
import { ragenFrozenLake } from './ragen-lake.ts'
import { sokoban, sokoban8x8 } from './sokoban.ts'
import { toolChain } from './tool-chain.ts'

export { type Baseline, type BaselineOptions, measureBaseline } from './baselines.ts'
export { solveCountdown } from './countdown-solver.ts'
export { TOKENS as COUNTDOWN_TOKENS } from './countdown-text.ts'
export { type Demonstration, demonstrate, type Expert, expertFor } from './experts.ts'
export { hiddenSequences } from './hidden-sequence.ts'
export { type LakeValues, lakeValues } from './lake-map.ts'
export { toolChainOptimum } from './tool-chain.ts'
export { type ToolWorld, type ToolWorldOptions, toolWorld } from './tool-world.ts'
export { countdown, ezPoints, formDesk, hiddenSequence, numberLine, ragenFrozenLake, sokoban, sokoban8x8, toolChain }

/** Sparse tasks, most of them over many steps, each procedural with a random baseline and an expert. */
export const agentic: readonly AnyEnvDefinition[] = [
  hiddenSequence,
  numberLine,
  ragenFrozenLake,
  ezPoints,
  sokoban,
  sokoban8x8,
  toolChain,
  formDesk,
  countdown,
]
