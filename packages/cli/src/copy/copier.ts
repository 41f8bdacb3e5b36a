import type { Client } from '@mc/client'
import { type ItemKey, isConnectionError, MemcacheError, type MetadumpItem } from '@mc/protocol'
import type { Fleet } from '../fleet.ts'
import { type ClockOffset, Clocks, expiryOfCopy, type TimeLeft, unixNow } from './expiry.ts'
import type { RateLimit } from './rate-limit.ts'

const FIELDS = { value: true, flags: true, ttl: true, cas: true, peek: true } as const

/** What became of the items of a copy. */
export interface CopyCounts {
  /** Stored in the target. */
  copied: number
  /** Bytes of the values that were copied. */
  bytes: number
  /** The target has a value of the key already, whatever it is. */
  present: number
  /** Gone, expired or invalidated before they were read. */
  gone: number
  /** Refused by the target, such as for their size, or under keys that only base64 can name. */
  failed: number
}

/** Copies items of one fleet to another that are not there yet, with what is left of their time to live. */
export class Copier {
  readonly counts: CopyCounts = { copied: 0, bytes: 0, present: 0, gone: 0, failed: 0 }
  /** The first refusal of the target. */
  failure: MemcacheError | undefined
  readonly #from: Fleet
  readonly #to: Fleet
  readonly #rate: RateLimit
  readonly #isDry: boolean
  readonly #clocks = new Clocks()

  /** @param isDry - count what would be copied, and store nothing */
  constructor(from: Fleet, to: Fleet, rate: RateLimit, isDry: boolean) {
    this.#from = from
    this.#to = to
    this.#rate = rate
    this.#isDry = isDry
  }

  /** Copies some items of one server. */
  async copy(items: readonly MetadumpItem[], server: string): Promise<void> {
    const copied = items.filter(({ key }) => isTextKey(key))
    this.counts.failed += items.length - copied.length
    // Keys that are bytes come back as other objects.
    const present = new Set(
      [...(await this.#to.cache.hasMany(copied.map(({ key }) => key)))].map(idOf),
    )
    const missing = copied.filter(({ key }) => !present.has(idOf(key)))
    this.counts.present += copied.length - missing.length
    if (this.#isDry) {
      this.counts.copied += missing.length
      return
    }
    await this.#rate.take(missing.length)
    const source = this.#from.client(server)
    const clock = await this.#clocks.of(source)
    await Promise.all(missing.map((item) => this.#copyItem(source, clock, item)))
  }

  async #copyItem(
    source: Client<unknown>,
    clock: ClockOffset,
    dumped: MetadumpItem,
  ): Promise<void> {
    const { key } = dumped
    const asked = unixNow()
    const item = await source.metaGet(key, FIELDS)
    const answered = unixNow()
    // The read of an invalidated item takes the turn to load it anew, which belongs to the application.
    if (item?.won) await source.metaDelete(key, { invalidate: true, ifCas: item.cas })
    if (item?.value === undefined || item.stale || item.ttl < 1) {
      this.counts.gone++
      return
    }
    const value = item.value as Buffer
    const left: TimeLeft = { ttl: item.ttl, asked, answered }
    try {
      const target = await this.#clocks.of(this.#to.clientOf(key))
      const isStored = await this.#to.cache.metaSet(key, value, {
        mode: 'add',
        flags: item.flags,
        expire: expiryOfCopy(dumped, left, clock, target),
      })
      if (!isStored) this.counts.present++
      else {
        this.counts.copied++
        this.counts.bytes += value.length
      }
    } catch (error) {
      if (!(error instanceof MemcacheError) || isConnectionError(error)) throw error
      this.failure ??= error
      this.counts.failed++
    }
  }
}

function idOf(key: ItemKey): string {
  return typeof key === 'string' ? key : Buffer.from(key).toString('latin1')
}

function isTextKey(key: ItemKey): boolean {
  return !/[\0-\x20\x7f]/.test(idOf(key))
}
