import { setTimeout as wait } from 'node:timers/promises'
import { type ItemKey, type MemcacheClient, MemcacheError } from '@mc/protocol'
import { seededRandom } from '@mc/testing'
import { History } from './history.ts'
import type { Schedule } from './schedule.ts'

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
const DEADLINES = { Client: 1, PooledClient: 2, HashClient: 1, RetryingClient: 3 } as const

/** Calls of all sorts by one client, from several lanes at once, each looked at. */
export class Load {
  readonly history = new History()
  answered = 0
  failed = 0
  readonly #client: MemcacheClient
  readonly #schedule: Pick<Schedule, 'client' | 'seed' | 'gets'>
  readonly #random: () => number
  readonly #keys: readonly string[]
  #turn = 0

  constructor(client: MemcacheClient, schedule: Pick<Schedule, 'client' | 'seed' | 'gets'>) {
    this.#client = client
    this.#schedule = schedule
    this.#random = seededRandom(schedule.seed ^ 0x5eed)
    // Servers are shared with other loads, whose values are none of this one's.
    const load = loads++
    this.#keys = Array.from({ length: 20 }, (_, i) => `${load}:${i}`)
  }

  /** Gives every key a value, so that reads have something to confuse. */
  async fill(): Promise<void> {
    const entries = this.#keys.map((key) => [key, this.history.next(key, this.#random)] as const)
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
      Array.from({ length: lanes }, async () => {
        while (!isOver(this.#turn)) {
          // Calls that fail at once, while nothing is connected, would use up the load in no time.
          if (!(await this.#settles(() => this.#call()))) await wait(2)
        }
      }),
    )
  }

  async expectRecovery(): Promise<void> {
    const key = `${this.#keys[0]}:after`
    await this.expect('a command to work once the faults are over', async () => {
      const value = this.history.next(key, this.#random)
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
    const limit = DEADLINES[this.#schedule.client] * 2 * TIMEOUT + GRACE
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

  async #call(): Promise<unknown> {
    this.#turn++
    const client = this.#client
    const { history } = this
    const random = this.#random
    const key = this.#keys[Math.floor(random() * this.#keys.length)] as string
    const check = (value: unknown, of: ItemKey = key): void => history.check(String(of), value)
    if (random() < this.#schedule.gets) return check(await client.get(key))
    switch (Math.floor(random() * 13)) {
      case 0:
      case 1:
      case 2:
        return client.set(key, history.next(key, random))
      case 3:
        return client.set(key, history.next(key, random), { noreply: true })
      case 4:
        return client.add(key, history.next(key, random))
      case 5:
        return client.delete(key)
      case 6: {
        const found = await client.gets(key)
        check(found?.value)
        return found && client.cas(key, history.next(key, random), found.cas)
      }
      case 7: {
        for (const [of, value] of await client.getMany(this.#keys)) check(value, of)
        return
      }
      case 8: {
        const entries = this.#keys
          .slice(0, 4)
          .map((name) => [name, history.next(name, random)] as const)
        return client.setMany(entries)
      }
      case 9:
        return check(await client.gat(key, 60))
      case 10:
        return check(await client.get(key, { timeout: 1 + Math.floor(random() * 20) }))
      case 11: {
        const abort = new AbortController()
        setTimeout(() => abort.abort(), random() * 10)
        return check(await client.get(key, { signal: abort.signal }))
      }
      default:
        return client.incr(`${key}:count`)
    }
  }
}
