import { performance } from 'node:perf_hooks'
import type { Client } from '@mc/client'
import { type ItemKey, isConnectionError, MemcacheError, type MetadumpItem } from '@mc/protocol'
import type { Fleet } from '../fleet.ts'
import type { RateLimit } from './rate-limit.ts'

const FIELDS = { value: true, flags: true, ttl: true, cas: true, peek: true } as const

/** Milliseconds after which a reply is late. */
const LATE = 500
const MOST_TRIES = 4

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

  /** @param isDry - count what would be copied, and store nothing */
  constructor(from: Fleet, to: Fleet, rate: RateLimit, isDry: boolean) {
    this.#from = from
    this.#to = to
    this.#rate = rate
    this.#isDry = isDry
  }

  /** Copies some items of one server. */
  async copy(items: readonly MetadumpItem[], server: string): Promise<void> {
    const keys = items.map(({ key }) => key).filter(isTextKey)
    this.counts.failed += items.length - keys.length
    // Keys that are bytes come back as other objects.
    const present = new Set([...(await this.#to.cache.hasMany(keys))].map(idOf))
    const missing = keys.filter((key) => !present.has(idOf(key)))
    this.counts.present += keys.length - missing.length
    if (this.#isDry) {
      this.counts.copied += missing.length
      return
    }
    await this.#rate.take(missing.length)
    const source = this.#from.client(server)
    await Promise.all(missing.map((key) => this.#copyItem(source, key)))
  }

  async #copyItem(source: Client<unknown>, key: ItemKey): Promise<void> {
    const item = await readInTime(source, key)
    // The read of an invalidated item takes the turn to load it anew, which belongs to the application.
    if (item?.won) await source.metaDelete(key, { invalidate: true, ifCas: item.cas })
    if (item?.value === undefined || item.stale || item.ttl < 1) {
      this.counts.gone++
      return
    }
    const value = item.value as Buffer
    const expire = item.ttl === Number.POSITIVE_INFINITY ? 0 : item.ttl
    try {
      const isStored = await this.#to.cache.metaSet(key, value, {
        mode: 'add',
        flags: item.flags,
        expire,
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

/** The item. After a late reply it is read again: the time to live of that moment would prolong it in the target. */
async function readInTime(source: Client<unknown>, key: ItemKey) {
  for (let tries = 1; ; tries++) {
    const start = performance.now()
    const item = await source.metaGet(key, FIELDS)
    // What was won must be handed back, whenever it came.
    if (item?.won || performance.now() - start < LATE || tries === MOST_TRIES) return item
  }
}

function idOf(key: ItemKey): string {
  return typeof key === 'string' ? key : Buffer.from(key).toString('latin1')
}

function isTextKey(key: ItemKey): boolean {
  return !/[\0-\x20\x7f]/.test(idOf(key))
}
