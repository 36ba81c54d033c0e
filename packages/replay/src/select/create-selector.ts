import type { DrawConfig } from '../config.ts'
import type { Selector } from '../selector.ts'
import { LapSelector } from './lap-selector.ts'
import { ProportionalSelector } from './proportional-selector.ts'
import { RankSelector } from './rank-selector.ts'
import { RecencySelector } from './recency-selector.ts'
import { ReverseSelector } from './reverse-selector.ts'
import { UniformSelector } from './uniform-selector.ts'

/** The selector that a configuration names, for slots in [0, capacitySlots). @throws RepriseError RPR_OPTION_RANGE */
export function createSelector(config: DrawConfig, capacitySlots: number): Selector {
  switch (config.kind) {
    case 'uniform':
      return new UniformSelector(capacitySlots, config)
    case 'proportional':
      return new ProportionalSelector(capacitySlots, config)
    case 'rank':
      return new RankSelector(capacitySlots, config)
    case 'lap':
      return new LapSelector(capacitySlots, config)
    case 'recency':
      return new RecencySelector(capacitySlots, config)
    case 'reverse':
      return new ReverseSelector(capacitySlots)
  }
}
