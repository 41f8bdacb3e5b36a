import { ASYNC_CACHE_DEDUPE } from './async-cache-dedupe.ts'
import { BENTOCACHE } from './bentocache.ts'
import { BY_HAND } from './by-hand.ts'
import { CACHIFIED } from './cachified.ts'
import type { Contender } from './contender.ts'
import { FETCH } from './fetch.ts'

/** All, in the order of the report. */
export const CONTENDERS: readonly Contender[] = [
  ...BY_HAND,
  ...CACHIFIED,
  ...ASYNC_CACHE_DEDUPE,
  ...BENTOCACHE,
  ...FETCH,
]
