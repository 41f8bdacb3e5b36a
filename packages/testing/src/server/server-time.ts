const THIRTY_DAYS = 2_592_000
/** memcached counts from a minute before its start, so that no moment is 0. */
const HEAD_START = 62

/**
 * Time as memcached keeps it: whole seconds since a little before the server started.
 */
export class ServerTime {
  readonly #now: () => number
  readonly #origin: number

  /** @param now - milliseconds of Unix time */
  constructor(now: () => number) {
    this.#now = now
    this.#origin = Math.floor(now() / 1000) - HEAD_START
  }

  /** Seconds since the origin. */
  get now(): number {
    return Math.floor(this.#now() / 1000) - this.#origin
  }

  /** Seconds since the server started. */
  get uptime(): number {
    return this.now - HEAD_START + 2
  }

  /** Seconds of Unix time. */
  get unixTime(): number {
    return Math.floor(this.#now() / 1000)
  }

  /** A moment of server time as Unix time. */
  toUnixTime(moment: number): number {
    return moment + this.#origin
  }

  /**
   * The moment that an exptime means: seconds from now up to 30 days, Unix time beyond; 0 is never,
   * and the past is a moment long ago.
   */
  moment(exptime: number): number {
    if (exptime === 0) return 0
    const { now } = this
    // A clock that a test has set back to before the start makes moments negative.
    const past = now > 0 ? 1 : now - 1
    if (exptime < 0) return past
    if (exptime <= THIRTY_DAYS) return now + exptime || 1
    return Math.max(exptime - this.#origin, past) || 1
  }
}
