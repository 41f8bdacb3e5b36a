import { setTimeout as wait } from 'node:timers/promises'
import { type MemcacheClient, MemcacheError } from '@mc/protocol'
import { seededRandom } from '@mc/testing'
import { History } from './history.ts'
import { keepsOrder, type Schedule } from './schedule.ts'

/** Milliseconds for each call of the clients under test. */
export const TIMEOUT = 80

/** A call may take this much longer than its deadline, in milliseconds: the promise is a second. */
const GRACE = 1000

/** Milliseconds to wait for what must come sooner or later. */
const PATIENCE = 10_000

/** Milliseconds that this process has been awake: while a busy machine lets it wait, nothing can be on time. */
let awake = 0
const TICK = 10
setInterval(() => {
  awake += TICK
}, TICK).unref()

let loads = 0

/** How many deadlines a call of each client may need one after the other. */
const DEADLINES = { Client: 1, PooledClient: 2, HashClient: 1, retrying: 3 } as const

type LoadSettings = Pick<Schedule, 'client' | 'failover' | 'seed' | 'gets'> &
  Partial<Pick<Schedule, 'dialect'>>

/**
 * Calls of all sorts by one client, from several lanes at once, each looked at. All lanes write the shared
 * keys; each lane has a key besides that all read and it alone writes.
 */
export class Load {
  readonly history = new History()
  answered = 0
  failed = 0
  readonly #client: MemcacheClient
  readonly #settings: LoadSettings
  readonly #random: () => number
  readonly #prefix: string
  readonly #keys: readonly string[]
  readonly #ownKeys: string[] = []
  #turn = 0

  constructor(client: MemcacheClient, settings: LoadSettings) {
    this.#client = client
    this.#settings = settings
    this.#random = seededRandom(settings.seed ^ 0x5eed)
    // Servers are shared with other loads, whose values are none of this one's.
    this.#prefix = String(loads++)
    this.#keys = Array.from({ length: 20 }, (_, i) => `${this.#prefix}:${i}`)
  }

  /** Gives every key a value, so that reads have something to confuse. */
  async fill(): Promise<void> {
    const entries = this.#keys.map((key) => [key, this.#newValue(key)] as const)
    // A busy machine may be too slow for the short time that these clients have to connect.
    await this.expect('the first values to be stored', () =>
      this.#client.setMany(entries, { timeout: 10_000 }).then(
        () => true,
        () => false,
      ),
    )
  }

  async run(lanes: number, isOver: (calls: number) => boolean): Promise<void> {
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        const own = `${this.#prefix}:lane${lane}`
        this.#ownKeys.push(own)
        if (keepsOrder(this.#settings)) this.history.addSingleWriterKey(own)
        while (!isOver(this.#turn)) {
          // Calls that fail at once, while nothing is connected, would use up the load in no time.
          if (!(await this.#settles(() => this.#call(own)))) await wait(2)
        }
      }),
    )
  }

  async expectRecovery(): Promise<void> {
    const key = `${this.#keys[0]}:after`
    await this.expect('a command to work once the faults are over', async () => {
      const value = this.#newValue(key)
      if (!(await this.#client.set(key, value).catch(() => false))) return false
      return (await this.#client.get(key).catch(() => undefined)) === value
    })
  }

  async expect(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const end = awake + PATIENCE
    while (!(await holds())) {
      if (awake > end) {
        this.history.violations.push(`waited ${PATIENCE} ms in vain for ${what}`)
        return
      }
      await wait(2)
    }
  }

  /** False if the call failed. */
  async #settles(call: () => Promise<unknown>): Promise<boolean> {
    const limit = DEADLINES[this.#settings.client] * 2 * TIMEOUT + GRACE
    const end = awake + limit
    const look = (): void => {
      if (awake < end) timer = setTimeout(look, end - awake)
      else this.history.violations.push(`a call was not settled after ${limit} ms`)
    }
    let timer = setTimeout(look, limit)
    try {
      await call()
      this.answered++
      return true
    } catch (error) {
      this.failed++
      if (!(error instanceof MemcacheError) && (error as Error).name !== 'AbortError') {
        this.history.violations.push(`an untyped error: ${error}`)
      }
      return false
    } finally {
      clearTimeout(timer)
    }
  }

  /** @param own - the key that the calling lane alone writes */
  async #call(own: string): Promise<unknown> {
    this.#turn++
    const client = this.#client
    const random = this.#random
    const key = this.#pick(this.#keys)
    const check = this.history.beginRead()
    if (random() < this.#settings.gets) {
      const read = random() < 0.5 ? key : this.#pick(this.#ownKeys)
      return check(read, await client.get(read))
    }
    switch (Math.floor(random() * 15)) {
      case 0:
      case 1:
      case 2:
        return client.set(key, this.#newValue(key))
      case 3:
        return client.set(key, this.#newValue(key), { noreply: true })
      case 4:
        return client.add(key, this.#newValue(key))
      case 5:
        return client.delete(key)
      case 6: {
        const found = await client.gets(key)
        check(key, found?.value)
        return found && client.cas(key, this.#newValue(key), found.cas)
      }
      case 7: {
        const found = await client.getMany([...this.#keys, ...this.#ownKeys])
        for (const [of, value] of found) check(String(of), value)
        return
      }
      case 8:
        return client.setMany(
          this.#keys.slice(0, 4).map((name) => [name, this.#newValue(name)] as const),
        )
      case 9:
        return check(key, await client.gat(key, 60))
      case 10:
        return check(key, await client.get(key, { timeout: 1 + Math.floor(random() * 20) }))
      case 11: {
        const abort = new AbortController()
        setTimeout(() => abort.abort(), random() * 10)
        return check(key, await client.get(key, { signal: abort.signal }))
      }
      case 12:
      case 13:
        return this.#writeOwn(own)
      default:
        return client.incr(`${key}:count`)
    }
  }

  async #writeOwn(key: string): Promise<void> {
    const client = this.#client
    const write = this.history.beginWrite(key, this.#random)
    const timeout = 1 + Math.floor(this.#random() * 20)
    const calls = [
      () => client.set(key, write.value),
      () => client.set(key, write.value, { timeout }),
      () => client.setMany([[key, write.value]]),
      () => client.delete(key),
    ]
    await this.#pick(calls)()
    write.confirm()
  }

  #newValue(key: string): string {
    return this.history.beginWrite(key, this.#random).value
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T
  }
}
