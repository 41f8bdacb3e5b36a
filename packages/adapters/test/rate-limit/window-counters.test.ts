import type { Client, ClientOptions } from '@mc/client'
import { MemcachedServer } from '@mc/testing'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { MAX_HITS } from '../../src/rate-limit/packed-window.ts'
import { WindowCounters } from '../../src/rate-limit/window-counters.ts'
import {
  EMBEDDED,
  newClient,
  SERVERS,
  serverBehindProxy,
  serverWithClients,
  stopDate,
} from '../support/servers.ts'

const NOON = Date.UTC(2026, 5, 1, 12)
const MINUTE = 60_000

/** A process with a clock of its own. */
class Process {
  time: number
  readonly counters: WindowCounters

  constructor(client: ConstructorParameters<typeof WindowCounters>[0], time = Date.now()) {
    this.time = time
    this.counters = new WindowCounters(client, () => this.time)
  }

  async hit(length = MINUTE, hits = 1): Promise<number> {
    return (await this.counters.hit('k', hits, length)).hits
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function sorted(hits: readonly number[]): number[] {
  return [...hits].sort((a, b) => a - b)
}

for (const kind of SERVERS) {
  describe(`windows on ${kind.name}`, { tags: [...kind.tags], retry: kind.retry }, () => {
    beforeEach(stopDate)

    test('count 100 first hits at once from 1 to 100', async () => {
      const { clients } = await serverWithClients(kind, 2)
      const processes = clients.map((client) => new Process(client))
      const hits = range(1, 50).flatMap(() => processes.map((process) => process.hit()))
      expect(sorted(await Promise.all(hits))).toEqual(range(1, 100))
    })

    test('count 100 hits at once from 1 to 100 in the millisecond in which the last window is over', async () => {
      const { clients } = await serverWithClients(kind, 2)
      const processes = clients.map((client) => new Process(client))
      const [first] = processes as [Process]
      await first.hit(1000, 7)
      const end = first.time + 1000
      for (const process of processes) process.time = end - 1
      expect(await first.hit(1000)).toBe(8)
      for (const process of processes) process.time = end
      const hits = range(1, 50).flatMap(() => processes.map((process) => process.hit(1000)))
      expect(sorted(await Promise.all(hits))).toEqual(range(1, 100))
    })

    test('answer how long they last, to the millisecond', async () => {
      const { client } = await serverWithClients(kind, 1)
      const process = new Process(client)
      await process.hit(900)
      process.time += 333
      expect(await process.counters.hit('k', 1, 900)).toEqual({ hits: 2, remaining: 567 })
      expect(await process.counters.read('k')).toEqual({ hits: 2, remaining: 567 })
      process.time += 567
      expect(await process.counters.read('k')).toBeUndefined()
    })

    test('take hits back, below none as well', async () => {
      const { client } = await serverWithClients(kind, 1)
      const process = new Process(client)
      expect(await process.hit(MINUTE, -3)).toBe(-3)
      expect(await process.hit(MINUTE, 1)).toBe(-2)
      expect(await process.counters.change('k', -1)).toMatchObject({ hits: -3 })
      expect(await process.counters.change('other', -1)).toBeUndefined()
    })

    test('are replaced, made longer and deleted', async () => {
      const { client } = await serverWithClients(kind, 1)
      const process = new Process(client)
      await process.hit()
      await process.counters.set('k', 5, 2 * MINUTE)
      expect(await process.counters.hit('k', 1, MINUTE)).toEqual({ hits: 6, remaining: 2 * MINUTE })
      await process.counters.extend('k', 5, 9 * MINUTE)
      expect(await process.counters.read('k')).toEqual({ hits: 6, remaining: 2 * MINUTE })
      await process.counters.extend('k', 6, 9 * MINUTE)
      expect(await process.counters.read('k')).toEqual({ hits: 6, remaining: 9 * MINUTE })
      expect(await process.counters.delete('k')).toBe(true)
      expect(await process.counters.delete('k')).toBe(false)
      expect(await process.hit()).toBe(1)
    })

    test('may have no end', async () => {
      const { client } = await serverWithClients(kind, 1)
      const process = new Process(client)
      const endless = Number.POSITIVE_INFINITY
      await process.hit(endless)
      process.time += 1e10
      expect(await process.counters.hit('k', 1, endless)).toEqual({ hits: 2, remaining: endless })
    })

    test('never run over into the time above the hits', async () => {
      const { client } = await serverWithClients(kind, 1)
      const process = new Process(client)
      await process.hit(MINUTE, MAX_HITS)
      for (const _ of range(1, 3)) expect(await process.hit(MINUTE, MAX_HITS)).toBe(2 * MAX_HITS)
      await expect(process.hit(MINUTE, MAX_HITS + 1)).rejects.toThrow(RangeError)
      expect(await process.counters.read('k')).toEqual({ hits: MAX_HITS, remaining: MINUTE })
    })

    test('take the place of an item that is no window, unless it is no number', async () => {
      const { client } = await serverWithClients(kind, 1)
      const process = new Process(client)
      for (const expire of [0, 600]) {
        await client.set('k', 41, { expire })
        expect(await process.hit()).toBe(1)
      }
      await client.set('k', 'text')
      await expect(process.hit()).rejects.toThrow('non-numeric')
    })

    test('reject while the server is down, and count again when it is back', async () => {
      const { client, down } = await serverBehindProxy(kind)
      const process = new Process(client)
      await process.hit(1000)
      const up = down()
      await expect(process.hit(1000)).rejects.toThrow()
      process.time += 1000
      await expect(process.counters.read('k')).rejects.toThrow()
      up()
      await expect.poll(() => process.hit(1000).catch(() => 0)).toBe(1)
      expect(await process.hit(1000)).toBe(2)
    })
  })
}

describe('a window of a machine whose clock differs', () => {
  /** Two processes, and a server with a right clock. */
  async function machines(difference: number) {
    const clock = { time: NOON }
    const server = await MemcachedServer.start({ now: () => clock.time })
    onTestFinished(() => server.stop())
    const slow = new Process(newClient(server.name), NOON)
    const fast = new Process(newClient(server.name), NOON + difference)
    const pass = (milliseconds: number) => {
      for (const it of [clock, slow, fast]) it.time += milliseconds
    }
    return { slow, fast, pass }
  }

  test.each([
    ['half', 30_000],
    ['just the window', 60_000],
    ['more than the window', 95_000],
  ])('counts on, by %s', async (_, difference) => {
    const { slow, fast, pass } = await machines(difference)
    expect([await slow.hit(), await fast.hit(), await slow.hit()]).toEqual([1, 2, 3])
    pass(40_000)
    expect([await fast.hit(), await slow.hit(), await fast.hit()]).toEqual([4, 5, 6])
    pass(22_500)
    expect([await slow.hit(), await fast.hit()]).toEqual([1, 2])
  })

  test('is over when the server has forgotten it, though a fast clock began it', async () => {
    const { slow, fast, pass } = await machines(45_000)
    expect([await fast.hit(1000), await slow.hit(1000)]).toEqual([1, 2])
    pass(3000)
    expect(await slow.hit(1000)).toBe(1)
  })

  test('lasts as long as the server says', async () => {
    const { slow, fast, pass } = await machines(90_000)
    await slow.hit()
    pass(20_000)
    expect(await fast.counters.hit('k', 1, MINUTE)).toEqual({ hits: 2, remaining: 40_000 })
  })
})

/** The client, with something that happens just before its first call of the method. */
function before(
  client: Client,
  method: 'metaGet' | 'cas',
  happens: () => Promise<unknown>,
): Client {
  let pending: typeof happens | undefined = happens
  return new Proxy(client, {
    get(target, name) {
      const member = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        if (name === method) {
          const call = pending
          pending = undefined
          await call?.()
        }
        return member.apply(target, args)
      }
    },
  })
}

describe('two processes that find a window over', () => {
  async function atTheEnd(
    method: 'metaGet' | 'cas',
    happens: (other: Process) => Promise<unknown>,
  ) {
    const { clients } = await serverWithClients(EMBEDDED, 2)
    const [a, b] = clients as [Client, Client]
    const other = new Process(a)
    await other.hit(1000, 5)
    other.time += 1000
    return {
      other,
      late: new Process(
        before(b, method, () => happens(other)),
        other.time,
      ),
    }
  }

  test('do not delete the window that the other has opened', async () => {
    const opens = async (other: Process) =>
      expect([await other.hit(1000), await other.hit(1000)]).toEqual([1, 2])
    const { other, late } = await atTheEnd('cas', opens)
    expect([await late.hit(1000), await other.hit(1000)]).toEqual([3, 4])
  })

  test('count in the window that the other has opened, not in the last one', async () => {
    const { late } = await atTheEnd('metaGet', (other) => other.hit(1000))
    expect(await late.hit(1000)).toBe(2)
  })

  test('leave it alone while it is looked at', async () => {
    const counts: (bigint | undefined)[] = []
    const { clients } = await serverWithClients(EMBEDDED, 2)
    const [client, observer] = clients as [Client, Client]
    const opening = before(client, 'metaGet', async () => {
      counts.push(await observer.incr('k', 0n))
      second = process.hit(1000)
      counts.push(await observer.incr('k', 0n))
    })
    let second: Promise<number> | undefined
    const process = new Process(opening)
    await process.hit(1000)
    process.time += 1000
    expect([await process.hit(1000), await second]).toEqual([1, 2])
    expect(counts[1]).toBe(counts[0])
  })
})

/** Of numbers it reads back no more than 53 bits, and it writes no bigint. */
const JSON_SERDE: ClientOptions['serde'] = {
  serialize: (value) => ({ data: JSON.stringify(value), flags: 1 }),
  deserialize: (data) => JSON.parse(data.toString()),
}

for (const kind of SERVERS) {
  test(`hits are counted by a client with any serde on ${kind.name}`, {
    tags: [...kind.tags],
    retry: kind.retry,
  }, async () => {
    stopDate()
    const { server } = await serverWithClients(kind, 0)
    const process = new Process(newClient(server.name, { ...kind.options, serde: JSON_SERDE }))
    expect([await process.hit(1000), await process.hit(1000)]).toEqual([1, 2])
    process.time += 1000
    expect(await process.hit(1000)).toBe(1)
  })
}

test('a client that answers nothing has not counted the hit', async () => {
  const process = new Process({ incr: async () => undefined } as never)
  await expect(process.hit()).rejects.toThrow('the hit was not counted: k')
})
