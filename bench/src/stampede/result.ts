import type { Figures } from './figures.ts'
import { mean } from './figures.ts'
import type { Scenario } from './scenarios.ts'

/** All that was measured of one contender. */
export interface Result {
  readonly contender: string
  readonly figures: Readonly<Record<Scenario['name'], Figures>>
}

/** Loads per expiry while the cache is well. */
export function loadsPerExpiry({ figures }: Result): number {
  return mean(figures.expiries.rounds)
}

/** Loads in the time in which, while the cache was well, this contender's value expired once. */
export function loadsPerExpiryInOverload({ figures }: Result): number {
  const { expiries, overload } = figures
  const expiriesPerSecond = expiries.rounds.length / expiries.seconds
  return overload.loads / (overload.seconds * expiriesPerSecond)
}
