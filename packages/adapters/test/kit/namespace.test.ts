import { KeyEncoder } from '@mc/protocol'
import { MockMemcacheClient } from '@mc/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs, seed } from '../../../../test-support/amounts.ts'
import { newGeneration, readGeneration } from '../../src/kit/generation.ts'
import { Namespace } from '../../src/kit/namespace.ts'
import { anyText } from '../support/any-text.ts'
import { newClient, SERVERS, serverWithClients } from '../support/servers.ts'

const RECORD = 'mc:generation:users'

class Process {
  time = Date.UTC(2026, 0, 1)
  readonly users: Namespace

  constructor(client: ConstructorParameters<typeof Namespace>[0], staleFor?: number) {
    this.users = new Namespace(client, 'users', { staleFor }, undefined, () => this.time)
    this.#client = client
  }

  readonly #client: ConstructorParameters<typeof Namespace>[0]

  get(key: string): Promise<unknown> {
    return this.users.run((keys) => this.#client.get(keys(key)))
  }

  set(key: string, value: unknown): Promise<boolean> {
    return this.users.run((keys) => this.#client.set(keys(key), value, { noreply: false }))
  }
}

for (const kind of SERVERS) {
  describe(`a namespace on ${kind.name}`, { tags: [...kind.tags] }, () => {
    test('is cleared without another', async () => {
      const { client } = await serverWithClients(kind, 1)
      const a = new Namespace(client, 'a')
      const b = new Namespace(client, 'a:b')
      for (const namespace of [a, b]) {
        await namespace.run((keys) => client.set(keys('k'), namespace.name))
      }
      await a.clear()
      expect(await a.run((keys) => client.get(keys('k')))).toBeUndefined()
      expect(await b.run((keys) => client.get(keys('k')))).toBe('a:b')
    })

    test('is cleared with its parent, and alone', async () => {
      const { client } = await serverWithClients(kind, 1)
      const parent = new Namespace(client, 'parent')
      const child = parent.child('child')
      const set = (of: Namespace) => of.run((keys) => client.set(keys('k'), of.name))
      const get = (of: Namespace) => of.run((keys) => client.get(keys('k')))
      await Promise.all([set(parent), set(child)])
      await child.clear()
      expect([await get(parent), await get(child)]).toEqual(['parent', undefined])
      await set(child)
      await parent.clear()
      expect([await get(parent), await get(child)]).toEqual([undefined, undefined])
    })

    test('that several processes use first at once has one generation', async () => {
      const { clients } = await serverWithClients(kind, 3)
      const processes = clients.map((client) => new Process(client))
      await Promise.all(processes.map((process, i) => process.set(`k${i}`, i)))
      expect(await Promise.all(processes.map((process) => process.get('k0')))).toEqual([0, 0, 0])
      expect(await processes[0]?.get('k2')).toBe(2)
    })

    test('cleared by another process is cleared here after staleFor', async () => {
      const { clients } = await serverWithClients(kind, 2)
      const [here, other] = clients.map((client) => new Process(client, 500)) as [Process, Process]
      await here.set('k', 1)
      await other.users.clear()
      here.time += 500
      expect(await here.get('k')).toBe(1)
      here.time += 1
      expect(await here.get('k')).toBeUndefined()
      await here.set('k', 2)
      other.time += 501
      expect(await other.get('k')).toBe(2)
    })

    test('whose record is lost is empty, and what had been cleared does not come back', async () => {
      const { clients, client } = await serverWithClients(kind, 2)
      const [here, other] = clients.map((it) => new Process(it)) as [Process, Process]
      await here.set('k', 'old')
      await other.users.clear()
      await client.delete(RECORD)
      here.time += 1001
      expect(await here.get('k')).toBeUndefined()
    })

    test('never returns to an earlier generation that a server brings back', async () => {
      const { clients, client } = await serverWithClients(kind, 2)
      const [here, other] = clients.map((it) => new Process(it)) as [Process, Process]
      await here.set('k', 'old')
      const earlier = await client.get<string>(RECORD)
      await here.users.clear()
      await client.set(RECORD, earlier as string)
      here.time += 1001
      expect(await here.get('k')).toBeUndefined()
      expect(((await client.get<string>(RECORD)) as string) > (earlier as string)).toBe(true)
      expect(await other.get('k')).toBeUndefined()
    })

    test('is cleared by a machine whose clock is behind', async () => {
      const { clients } = await serverWithClients(kind, 2)
      const [here, behind] = clients.map((client) => new Process(client)) as [Process, Process]
      behind.time -= 3_600_000
      await here.set('k', 1)
      await behind.users.clear()
      expect(await behind.get('k')).toBeUndefined()
      here.time += 1001
      expect(await here.get('k')).toBeUndefined()
    })

    test('takes something else in the place of its record for a loss', async () => {
      const { client } = await serverWithClients(kind, 1)
      await client.set(RECORD, 'something else')
      const here = new Process(client)
      await here.set('k', 1)
      expect(await here.get('k')).toBe(1)
    })

    test('works with a client that does not wait for replies', async () => {
      const { server, client } = await serverWithClients(kind, 1)
      const here = new Process(newClient(server.name, { ...kind.options, defaultNoreply: true }))
      await here.set('k', 1)
      await here.users.clear()
      expect(readGeneration(await client.get(RECORD))).toBeDefined()
      expect(await here.get('k')).toBeUndefined()
    })
  })
}

describe('a namespace', () => {
  test('looks its generation up in the turn of the call, and many calls once', async () => {
    const client = new MockMemcacheClient<unknown>()
    const here = new Process(client)
    await here.set('k', 1)
    const before = client.calls.length
    const methods = () => client.calls.slice(before).map(({ method }) => method)
    here.time += 1001
    const calls = [here.get('k'), here.get('k')]
    expect(methods()).toEqual(['gets', 'get', 'get'])
    expect(await Promise.all(calls)).toEqual([1, 1])
    await here.get('k')
    expect(methods()).toEqual(['gets', 'get', 'get', 'get'])
  })

  test('looks again when the clock has been set back', async () => {
    const client = new MockMemcacheClient<unknown>()
    const [here, other] = [new Process(client), new Process(client)]
    await here.set('k', 1)
    await other.users.clear()
    here.time -= 3_600_000
    expect(await here.get('k')).toBeUndefined()
  })

  test('rejects while its generation cannot be read, and works on when it can', async () => {
    const client = new MockMemcacheClient<unknown>()
    const here = new Process(client)
    await here.set('k', 1)
    here.time += 1001
    client.failNext(new Error('down'), { method: 'gets' })
    await expect(here.get('k')).rejects.toThrow('down')
    expect(await here.get('k')).toBe(1)
  })

  test('is not cleared if the new generation is not stored', async () => {
    const client = new MockMemcacheClient<unknown>()
    const here = new Process(client)
    await here.set('k', 1)
    client.failNext(new Error('down'), { method: 'set' })
    await expect(here.users.clear()).rejects.toThrow('down')
    expect(await here.get('k')).toBe(1)
  })

  test('makes legal keys of any name and key', async () => {
    const encoder = new KeyEncoder()
    const property = fc.asyncProperty(anyText, anyText, async (name, key) => {
      const namespace = new Namespace(new MockMemcacheClient<unknown>(), name).child(`${name}:c`)
      encoder.encode(await namespace.run(async (keys) => keys(key)))
    })
    await fc.assert(property, { seed, numRuns: runs(30, 3000) })
  })

  test('needs a client whose prefix leaves room, and a staleFor that is a time', () => {
    const client = new MockMemcacheClient<unknown>({ keyPrefix: 'p'.repeat(127) })
    expect(() => new Namespace(client, 'n')).toThrow(
      new RangeError('the key prefix of the client must leave 124 bytes for keys, it leaves 123'),
    )
    expect(() => new Process(new MockMemcacheClient<unknown>(), -1)).toThrow(RangeError)
  })
})

test('generations are ordered by time, and later than the last one whatever the clock shows', () => {
  const clock = () => Date.UTC(2026, 0, 1)
  const first = newGeneration(undefined, clock)
  const second = newGeneration(first, () => clock() - 1000)
  expect(readGeneration(second)).toBe(second)
  expect(second > first).toBe(true)
  expect(newGeneration(undefined, () => clock() + 2) > second).toBe(true)
})
