import type { FetchDefaults } from '../../src/index.ts'
import type { CallLimits } from './calls.ts'
import type { LoadRules } from './loads.ts'
import type { Setting } from './schedule.ts'

/** Milliseconds of a cache command. */
export const TIMEOUT = 400
/** Seconds. */
export const EXPIRE = 10

const WAIT_TIMEOUT = 2000
const LOAD_TIMEOUT = 10_000
const NEGATIVE_EXPIRE = 2

/** A wait, and another for whoever takes over; the read after it, and as much again for a read that is lost. */
const LONGEST_WAIT = 2 * 1.5 * WAIT_TIMEOUT + 4 * TIMEOUT + 500

/** Of a load that failed its release, the read of a waiter that comes next, and the pause before it. */
const LONGEST_IDLE = 3 * TIMEOUT

const NO_WINDOWS = { staleWhileRevalidate: 0, staleIfError: 0, refreshAhead: 0 }

/** What the processes of a schedule are asked for, and what they promise. */
export interface Terms {
  readonly defaults: FetchDefaults
  readonly loads: LoadRules
  readonly calls: CallLimits
  /** Milliseconds for which a value may be read that was invalidated with `staleFor`, in seconds. */
  readonly staleTime: (staleFor: number) => number
}

/** @param hasClock - whether items expire by the clock of the schedule */
export function termsOf(setting: Setting, hasClock: boolean): Terms {
  const { softTimeout } = setting
  // In text nobody can see how long an item has to live, so that there are none of these.
  const isMeta = setting.dialect === 'meta'
  const { staleWhileRevalidate, staleIfError, refreshAhead } = isMeta ? setting : NO_WINDOWS
  const windows = Math.max(staleWhileRevalidate, staleIfError)
  const time = (seconds: number): number => (hasClock ? seconds * 1000 : Number.POSITIVE_INFINITY)
  return {
    defaults: {
      ...{ expire: EXPIRE, negativeExpire: NEGATIVE_EXPIRE, timeout: TIMEOUT, softTimeout },
      ...{ waitTimeout: WAIT_TIMEOUT, loadTimeout: LOAD_TIMEOUT },
      staleWhileRevalidate: setting.staleWhileRevalidate,
      staleIfError: setting.staleIfError,
      refreshAhead: setting.refreshAhead,
    },
    loads: {
      waitTimeout: WAIT_TIMEOUT,
      loadTimeout: LOAD_TIMEOUT,
      refreshWithin: windows + refreshAhead + 1,
    },
    calls: {
      waitTimeout: WAIT_TIMEOUT,
      softTimeout: softTimeout ?? Number.POSITIVE_INFINITY,
      longestWait: LONGEST_WAIT,
      longestIdle: LONGEST_IDLE,
      storedFor: time(EXPIRE + windows),
      // Whole seconds are counted.
      answeredFor: time(EXPIRE + staleWhileRevalidate + 1),
    },
    staleTime: (staleFor) => (isMeta && staleFor > 0 ? time(staleFor) : 0),
  }
}
