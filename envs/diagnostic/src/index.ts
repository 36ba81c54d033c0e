import type { AnyEnvDefinition } from '@reprise/core'
import { bitFlip } from './bit-flip.ts'
import { blindCliffwalk } from './blind-cliffwalk.ts'
import { chain } from './chain.ts'
import { cueRecall } from './cue-recall.ts'
import { sparseGrid } from './sparse-grid.ts'

export { bitFlipGoals } from './bit-flip.ts'
export { type BlindCliffwalkTable, blindCliffwalkTable } from './blind-cliffwalk-table.ts'
export { bitFlip, blindCliffwalk, chain, cueRecall, sparseGrid }

/** Small environments that show one thing each. */
export const diagnostic: readonly AnyEnvDefinition[] = [bitFlip, sparseGrid, chain, blindCliffwalk, cueRecall]
