import type { Leased } from '@mc/protocol'
import type { FetchSettings } from './options.ts'

/** What a value can be used for: as it is; as it is, while it is replaced; if loading fails; for nothing. */
export type Freshness = 'fresh' | 'servable' | 'ifError' | 'past'

/** Stored values live for their window behind their freshness, so that their time to live says how old they are. */
export function freshnessOf(
  { stale, ttl }: Leased<unknown>,
  { window, staleWhileRevalidate, staleIfError }: FetchSettings,
): Freshness {
  // Whoever invalidated it has said that it may be answered.
  if (stale) return 'servable'
  if (ttl === undefined || window === 0 || ttl > window) return 'fresh'
  const age = window - ttl
  if (age < staleWhileRevalidate) return 'servable'
  return age < staleIfError ? 'ifError' : 'past'
}
