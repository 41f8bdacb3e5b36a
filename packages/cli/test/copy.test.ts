import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { rawSerde } from '@mc/serde'
import { MemcachedServer, type TestServer } from '@mc/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isLong } from '../../../test-support/amounts.ts'
import { bundled } from '../../../test-support/bundle.ts'
import { RateLimit } from '../src/copy/rate-limit.ts'
import { itemsOf } from '../src/dump.ts'
import { mc, mcJson } from './support/run.ts'
import { deadServer, SERVERS } from './support/servers.ts'

const PART = 10_000

/** When the items of a server end, Unix time of its clock. */
async function expiryOf({ name }: TestServer): Promise<Map<string, number | undefined>> {
  await using client = new Client(name)
  const ends = new Map<string, number | undefined>()
  for await (const { key, expires } of itemsOf(client, new AbortController().signal)) {
    ends.set(String(key), expires)
  }
  return ends
}

describe.each(SERVERS)(
  'copy between fleets of $name',
  { tags: ['long'], timeout: 600_000 },
  ({ start, tags, many: count }) => {
    let from: TestServer[]
    let to: TestServer[]
    let source: HashClient
    let target: HashClient
    const list = (servers: TestServer[]) => servers.map(({ name }) => name)

    beforeAll(async () => {
      from = await Promise.all([start(), start()])
      to = await Promise.all([start(), start()])
      source = new HashClient(list(from), { timeout: 60_000, allowUnicodeKeys: true })
      target = new HashClient(list(to), { timeout: 60_000, allowUnicodeKeys: true })
      for (let i = 0; i < count; i += PART) {
        const some = Array.from({ length: Math.min(count - i, PART) }, (_, j) => i + j)
        for (const expire of [0, 1000]) {
          const mine = some.filter((n) => (n % 2 === 0) === (expire === 0))
          await source.setMany(
            mine.map((n) => [`n:${n}`, n] as const),
            { expire },
          )
        }
      }
      await source.set('é', { json: true })
      await source.set('strange', Buffer.from([0, 1]), { flags: 4000, expire: 5_000_000 })
    }, 300_000)
    beforeEach(() => target.flushAll())
    afterAll(async () => {
      await Promise.all([source.close(), target.close()])
      await Promise.all([...from, ...to].map((server) => server.stop()))
    })

    test('copies all with flags and times to live', { tags }, async () => {
      const counts = await mcJson(['copy', list(from).join(), list(to).join(), '--verify'])
      for (const key of ['n:0', 'n:1', 'strange']) {
        const [ours, theirs] = await Promise.all([source.inspect(key), target.inspect(key)])
        expect(theirs?.flags).toBe(ours?.flags)
      }
      await expectSameExpiry()
      expect(counts).toEqual({
        copied: count + 2,
        bytes: expect.any(Number),
        present: 0,
        gone: 0,
        failed: 0,
        dryRun: false,
        verified: { same: expect.any(Number), missing: 0, different: 0 },
      })
      for (let i = 0; i < count; i += PART) {
        const keys = Array.from({ length: Math.min(count - i, PART) }, (_, j) => `n:${i + j}`)
        const found = await target.getMany(keys)
        for (const key of keys) if (found.get(key) !== Number(key.slice(2))) throw new Error(key)
      }
      expect((await target.inspect('n:0'))?.ttl).toBe(Infinity)
      expect(await target.get('é')).toEqual({ json: true })
    })

    test('stopped midway and run again, it loses nothing', { tags }, async () => {
      const controller = new AbortController()
      const argv = ['copy', list(from).join(), list(to).join()]
      // Slow enough to be stopped, on a busy machine as well: it would take 200 seconds.
      const first = mc([...argv, '--rate', String(count / 200)], { signal: controller.signal })
      await expect.poll(someArrived).toBeGreaterThan(0)
      controller.abort(new Error('interrupted'))
      expect((await first).err).toMatch(/\d+ items were copied; the same command goes on from here/)
      expect((await first).exit).toBe(1)
      const before = await arrived()
      expect(before).toBeLessThan(count)
      const second = await mcJson([...argv, '--verify'])
      expect(second.copied).toBe(count + 2 - before)
      expect(second.verified).toMatchObject({ missing: 0, different: 0 })
      expect(await arrived()).toBe(count + 2)
    })

    if (isLong)
      test('killed midway and run again, it loses nothing', { tags }, async () => {
        const argv = ['copy', list(from).join(), list(to).join()]
        const child = spawn(process.execPath, [
          ...[bundled(new URL('../src/bin/mc.ts', import.meta.url)), ...argv],
          ...['--rate', String(count / 200)],
        ])
        await expect.poll(someArrived, { timeout: 60_000 }).toBeGreaterThan(0)
        // The application stores one meanwhile.
        const key = `n:${count - 1}`
        await target.set(key, 'newer')
        const exit = once(child, 'exit')
        child.kill('SIGKILL')
        expect(await exit).toEqual([null, 'SIGKILL'])
        const before = await arrived()
        expect(before).toBeLessThan(count)
        const { copied } = await mcJson(argv)
        expect(copied).toBe(count + 2 - before)
        expect(await arrived()).toBe(count + 2)
        expect(await target.get(key)).toBe('newer')
        await target.delete(key)
        await expectSameExpiry()
      })

    test('what the target has stays, and --verify tells it', { tags }, async () => {
      await target.set('n:7', 'newer')
      const argv = ['copy', list(from).join(), list(to).join(), '--only', 'n:7*', '--verify']
      const { exit, out } = await mc(argv)
      expect(exit).toBe(1)
      expect(out).toMatch(/0 missing, 1 different\n$/)
      expect(await target.get('n:7')).toBe('newer')
      expect(await target.get('n:8')).toBeUndefined()
    })

    test('--dry-run stores nothing', { tags }, async () => {
      await target.set('n:7', 'newer')
      const argv = ['copy', list(from).join(), list(to).join(), '--dry-run', '--only', 'n:?']
      expect((await mc(argv)).out).toBe('9 items would be copied\n1 are there already\n')
      expect(await arrived()).toBe(1)
    })

    /** The items of the target end within a second of the originals. */
    async function expectSameExpiry(): Promise<void> {
      const ends = new Map<string, number | undefined>()
      for (const server of from) for (const [key, end] of await expiryOf(server)) ends.set(key, end)
      let compared = 0
      for (const server of to) {
        for (const [key, end = 0] of await expiryOf(server)) {
          if (!ends.has(key)) continue
          compared++
          if (Math.abs(end - (ends.get(key) ?? 0)) > 1) throw new Error(`${key} ends at ${end}`)
        }
      }
      // A dump leaves out what is in use at the moment.
      expect(compared).toBeGreaterThan(count * 0.95)
    }

    /** How many of the items the target has. */
    async function arrived(): Promise<number> {
      let found = 0
      for (let i = 0; i < count; i += PART) found += await arrivedOf(i, 1)
      return found + (await target.hasMany(['é', 'strange'])).size
    }

    /** The same of a part of them from all over. */
    function someArrived(): Promise<number> {
      return arrivedOf(0, Math.ceil(count / PART))
    }

    async function arrivedOf(first: number, step: number): Promise<number> {
      const length = Math.min(Math.ceil((count - first) / step), PART)
      return (await target.hasMany(Array.from({ length }, (_, j) => `n:${first + j * step}`))).size
    }
  },
)

test('a value that comes while its key is copied stays', async () => {
  await using from = await MemcachedServer.start()
  await using to = await MemcachedServer.start()
  await using source = new Client(from.name)
  await using target = new Client(to.name)
  await source.set('a', 'older')
  const hang = from.inject({ kind: 'hang', command: 'mg' })
  from.resetCommandCount()
  const copy = mcJson(['copy', from.name, to.name])
  await from.waitFor(1, 'mg')
  await target.set('a', 'newer')
  hang.remove()
  expect(await copy).toMatchObject({ copied: 0, present: 1 })
  expect(await target.get('a')).toBe('newer')
})

test('a copied item ends when the original does, however late it is stored', async () => {
  let at = Date.now()
  await using from = await MemcachedServer.start({ now: () => at })
  await using to = await MemcachedServer.start({ now: () => at })
  await using source = new Client(from.name)
  await source.set('soon', 1, { expire: 100 })
  await source.set('late', 1, { expire: 40 * 86_400 })
  await source.set('never', 1)
  const hang = to.inject({ kind: 'hang', command: 'ms' })
  const copy = mcJson(['copy', from.name, to.name])
  await to.waitFor(1, 'ms')
  at += 5000
  hang.remove()
  expect(await copy).toMatchObject({ copied: 3 })
  expect(await expiryOf(to)).toEqual(await expiryOf(from))
})

test('an item that is touched meanwhile has its new time to live in the copy', async () => {
  await using from = await MemcachedServer.start()
  await using to = await MemcachedServer.start()
  await using source = new Client(from.name)
  for (const key of ['longer', 'forever']) await source.set(key, 1, { expire: 100 })
  await source.set('shorter', 1)
  const hang = from.inject({ kind: 'hang', command: 'mg' })
  from.resetCommandCount()
  const copy = mcJson(['copy', from.name, to.name])
  await from.waitFor(1, 'mg')
  await source.touch('longer', 5000)
  await source.touch('forever', 0)
  await source.touch('shorter', 50)
  hang.remove()
  expect(await copy).toMatchObject({ copied: 3 })
  await using target = new Client(to.name)
  const ttl = async (key: string) => (await target.inspect(key))?.ttl as number
  expect(await ttl('longer')).toBeGreaterThan(4900)
  expect(await ttl('forever')).toBe(Infinity)
  expect(await ttl('shorter')).toBeLessThanOrEqual(50)
})

test.each([-3600, 3600])(
  'times to live survive a target whose clock is off by %i s',
  async (off) => {
    await using from = await MemcachedServer.start()
    await using to = await MemcachedServer.start({ now: () => Date.now() + off * 1000 })
    await using source = new Client(from.name)
    await using target = new Client(to.name)
    await source.set('a', 1, { expire: 1000 })
    const start = performance.now()
    expect(await mcJson(['copy', from.name, to.name])).toMatchObject({ copied: 1 })
    const [ours, theirs] = await Promise.all([source.inspect('a'), target.inspect('a')])
    const passed = (performance.now() - start) / 1000
    expect(Math.abs((ours?.ttl as number) - (theirs?.ttl as number))).toBeLessThan(3 + passed)
  },
)

test('an invalidated item is not copied, and its turn to load stays with the application', async () => {
  await using from = await MemcachedServer.start()
  await using to = await MemcachedServer.start()
  await using client = new Client(from.name)
  await client.set('stale', 'old')
  await client.invalidate('stale', { staleFor: 100 })
  expect(await mcJson(['copy', from.name, to.name])).toMatchObject({ copied: 0, gone: 1 })
  expect(await client.lease('stale', { seconds: 10 })).toMatchObject({ won: true, stale: true })
})

test('items that the target refuses are counted', async () => {
  await using from = await MemcachedServer.start()
  await using to = await MemcachedServer.start({ itemSizeMax: 1000 })
  await using client = new Client(from.name)
  await client.set('large', 'x'.repeat(2000))
  await client.set('small', 'x')
  const { exit, out, err } = await mc(['copy', from.name, to.name])
  expect(exit).toBe(1)
  expect(out).toBe('1 items copied (1 B)\n1 were refused\n')
  expect(err).toContain('object too large')
})

test('a target that cannot be reached is exit 3', async () => {
  await using from = await MemcachedServer.start()
  await using client = new Client<Uint8Array>(from.name, { serde: rawSerde })
  await client.set('a', Buffer.from('x'))
  expect(await mc(['copy', from.name, await deadServer()])).toMatchObject({
    exit: 3,
    err: expect.stringContaining('0 items were copied'),
  })
})

test('a target that loses a server ends the copy, which names it', async () => {
  await using one = await MemcachedServer.start()
  await using two = await MemcachedServer.start()
  await using to = await MemcachedServer.start()
  const dead = await deadServer()
  await using source = new HashClient([one.name, two.name])
  for (let i = 0; i < 50; i++) await source.set(`n:${i}`, i)
  const { exit, err } = await mc(['copy', `${one.name},${two.name}`, `${to.name},${dead}`])
  expect(exit).toBe(3)
  expect(err).toMatch(new RegExp(`^mc: \\d+ items were copied.*\nmc: .*${dead}: .*ECONNREFUSED`))
})

test('a rate limit spaces what goes through', async () => {
  let now = 0
  const limit = new RateLimit(1000, new AbortController().signal, () => now)
  await limit.take(5)
  now = 5
  await limit.take(5)
  const controller = new AbortController()
  const stopped = new RateLimit(1, controller.signal)
  await stopped.take(100)
  const waiting = stopped.take(1)
  controller.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow()
})
