import type { Client } from '@mc/client'
import { type Expire, isConnectionError, type MetadumpItem } from '@mc/protocol'

/** Seconds by which two readings of a clock may differ: memcached's has whole seconds, and ticks late under load. */
const SLACK = 2
/** The same of two servers' clocks that go alike. Each counts from a start that is rounded to a second. */
const SLACK_OF_TWO = 3

/** How far a server's clock is ahead of this machine's, in seconds; it was read between two moments. */
export interface ClockOffset {
  readonly least: number
  readonly most: number
}

/** What is left of an item, and between which moments of Unix time, in seconds, its server said so. */
export interface TimeLeft {
  /** Seconds; `Infinity`: it never expires. */
  readonly ttl: number
  readonly asked: number
  readonly answered: number
}

const UNKNOWN: ClockOffset = { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY }

/** Unix time in seconds. */
export function unixNow(): number {
  return Date.now() / 1000
}

/** The clocks of servers, each of which is read once. */
export class Clocks {
  readonly #offsets = new Map<Client<unknown>, Promise<ClockOffset>>()

  of(client: Client<unknown>): Promise<ClockOffset> {
    const known = this.#offsets.get(client)
    if (known !== undefined) return known
    const offset = offsetOf(client)
    this.#offsets.set(client, offset)
    return offset
  }
}

async function offsetOf(client: Client<unknown>): Promise<ClockOffset> {
  const asked = unixNow()
  try {
    const { time } = await client.stats()
    return { least: time - unixNow(), most: time - asked }
  } catch (error) {
    if (isConnectionError(error)) throw error
    return UNKNOWN // A proxy may refuse it.
  }
}

/**
 * When the copy of an item is to expire. A moment, as the dump says it, so that a copy that is slow prolongs no
 * life; seconds from now where the item was touched since the dump.
 */
export function expiryOfCopy(
  { expires }: MetadumpItem,
  { ttl, asked, answered }: TimeLeft,
  from: ClockOffset,
  to: ClockOffset,
): Expire {
  if (ttl === Number.POSITIVE_INFINITY) return 0
  if (expires === undefined) return ttl
  const isTouched =
    expires < asked + from.least + ttl - SLACK || expires > answered + from.most + ttl + SLACK
  if (isTouched) return ttl
  const moment = new Date((expires + shiftOf(from, to)) * 1000)
  // The client stores what has passed by this machine's clock as expired.
  return moment.getTime() > Date.now() ? moment : ttl
}

/** How far the second clock is ahead of the first, in seconds; 0 unless they certainly differ. */
function shiftOf(from: ClockOffset, to: ClockOffset): number {
  const goAlike = to.least - from.most <= SLACK_OF_TWO && from.least - to.most <= SLACK_OF_TWO
  return goAlike ? 0 : Math.round((to.least + to.most - from.least - from.most) / 2)
}
