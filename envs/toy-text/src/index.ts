import type { AnyEnvDefinition } from '@reprise/core'
import { blackjack } from './blackjack.ts'
import { cliffWalking, cliffWalkingSlippery } from './cliff-walking.ts'
import { frozenLake, frozenLake8x8 } from './frozen-lake.ts'
import { taxi } from './taxi.ts'

export { generateRandomMap } from './frozen-lake-map.ts'
export { blackjack, cliffWalking, cliffWalkingSlippery, frozenLake, frozenLake8x8, taxi }

/** Gymnasium's toy text tasks. */
export const toyText: readonly AnyEnvDefinition[] = [
  frozenLake,
  frozenLake8x8,
  cliffWalking,
  cliffWalkingSlippery,
  taxi,
  blackjack,
]
