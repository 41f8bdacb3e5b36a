import { type MemcacheClient, MemcacheServerError } from '@mc/protocol'
import { newGeneration, readGeneration } from './generation.ts'

/** Each attempt that fails is another process's success. */
const MAX_ATTEMPTS = 10

interface Reading {
  readonly sentAt: number
  readonly generation: Promise<string>
}

/**
 * The record of a namespace's generation on the server, and what this process knows of it.
 *
 * A generation that this process has seen is never followed by an earlier one: if the server has an earlier one, as after
 * its return from an outage, or none, a new one is stored. Items of the namespace are lost by that, but what had been
 * cleared does not come back.
 */
export class GenerationRecord {
  readonly #client: MemcacheClient
  readonly #key: string
  readonly #staleFor: number
  readonly #now: () => number
  #latest: string | undefined
  /** When the request left whose reply showed that `#latest` is in force. */
  #confirmedAt = 0
  #reading: Reading | undefined

  constructor(client: MemcacheClient, key: string, staleFor: number, now: () => number) {
    this.#client = client
    this.#key = key
    this.#staleFor = staleFor
    this.#now = now
  }

  /** The latest generation that this process has seen. */
  get latest(): string | undefined {
    return this.#latest
  }

  /** Whether `latest` may be used without looking at the record again. */
  get isFresh(): boolean {
    return this.#latest !== undefined && this.#isRecent(this.#confirmedAt)
  }

  /** The generation in force. Sends the request for it in this turn, unless one is on its way. */
  read(): Promise<string> {
    const reading = this.#reading
    if (reading !== undefined && this.#isRecent(reading.sentAt)) return reading.generation
    const sentAt = this.#now()
    const started = { sentAt, generation: this.#read(sentAt) }
    this.#reading = started
    const forget = () => {
      if (this.#reading === started) this.#reading = undefined
    }
    started.generation.then(forget, forget)
    return started.generation
  }

  /** Stores a new generation: what belongs to earlier ones is never read again. */
  async renew(): Promise<void> {
    const sentAt = this.#now()
    const stored = readGeneration(await this.#client.get(this.#key))
    const next = newGeneration(laterOf(stored, this.#latest), this.#now)
    if (!(await this.#client.set(this.#key, next, { noreply: false }))) throw notStored(this.#key)
    this.#confirm(next, sentAt)
  }

  async #read(sentAt: number): Promise<string> {
    // A reply may be on its way while a later generation becomes known.
    const seen = this.#latest
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const item = await this.#client.gets(this.#key)
      const stored = readGeneration(item?.value)
      if (stored !== undefined && (seen === undefined || stored >= seen)) {
        return this.#confirm(stored, sentAt)
      }
      const next = newGeneration(laterOf(stored, this.#latest), this.#now)
      const isStored =
        item === undefined
          ? await this.#client.add(this.#key, next, { noreply: false })
          : await this.#client.cas(this.#key, next, item.cas, { noreply: false })
      if (isStored === true) return this.#confirm(next, sentAt)
    }
    throw notStored(this.#key)
  }

  #confirm(generation: string, sentAt: number): string {
    if (this.#latest !== undefined && generation < this.#latest) return this.#latest
    this.#latest = generation
    this.#confirmedAt = sentAt
    return generation
  }

  /** A clock that was set back makes it look again. */
  #isRecent(time: number): boolean {
    const age = this.#now() - time
    return age >= 0 && age <= this.#staleFor
  }
}

function laterOf(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a > b ? a : b
}

function notStored(key: string): Error {
  return new MemcacheServerError(`the generation of the namespace cannot be stored: ${key}`)
}
