import { MockMemcacheClient } from '@mc/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import { turns } from '../../../test-support/event-loop.ts'
import { FallbackClient } from '../src/index.ts'
import { MemoryClient } from './memory-client.ts'

const READS: Readonly<Record<string, (client: FallbackClient) => Promise<unknown>>> = {
  get: (client) => client.get('key'),
  getBytes: (client) => client.get(Buffer.from('key')),
  getMany: (client) => client.getMany(['other', ['server', 'key']]),
  gets: (client) => client.gets('key'),
  getsMany: (client) => client.getsMany(['key', 'other']),
  gat: (client) => client.gat('key', 60),
  gats: (client) => client.gats('key', 60),
  incr: (client) => client.incr('key'),
  append: (client) => client.append('key', '1'),
  touch: (client) => client.touch('key', 60),
}

/** A client over a new cache and one or two older ones that have `key`, each command as slow as `delay` says. */
function slowCaches(delay: () => number, older = 1) {
  const caches = Array.from({ length: 1 + older }, (_, i) => {
    return new MemoryClient(i === 0 ? {} : { key: 41 })
  })
  for (const cache of caches) {
    cache.before = () => turns(delay())
    cache.after = () => turns(delay())
  }
  const client = new FallbackClient(caches, { warm: { expire: 600 } })
  return { client, caches, first: caches[0] as MemoryClient }
}

const reads = fc.array(
  fc.record({ command: fc.constantFrom(...Object.keys(READS)), start: fc.nat(12) }),
  { minLength: 1, maxLength: 4 },
)
const delays = fc.infiniteStream(fc.nat(6))

/** Reads at random times of a write, whose every step takes a random time. Answers what is left. */
async function interleave(
  commands: readonly { readonly command: string; readonly start: number }[],
  delay: () => number,
  start: number,
  older: number,
  write: (client: FallbackClient) => Promise<unknown>,
): Promise<MemoryClient[]> {
  const { client, caches } = slowCaches(delay, older)
  const writing = turns(start).then(() => write(client))
  const reading = commands.map(async (read) => {
    await turns(read.start)
    await READS[read.command]?.(client)
  })
  await Promise.all([writing, ...reading])
  await client.close()
  return caches
}

const keyIn = (caches: readonly MemoryClient[]) =>
  caches.map((cache) => [...cache.items].filter(([id]) => id === 'key').length)

describe('whatever reads are under way', { tags: ['long'] }, () => {
  test.each<[string, (client: FallbackClient) => Promise<unknown>]>([
    ['delete', (client) => client.delete('key')],
    ['deleteMany', (client) => client.deleteMany(['key', 'other'])],
    ['delete of bytes', (client) => client.delete(Buffer.from('key'))],
    ['set and delete', (client) => client.set('key', 1).then(() => client.delete('key'))],
  ])('what a %s took away does not come back', async (_, remove) => {
    await fc.assert(
      fc.asyncProperty(
        reads,
        delays,
        fc.nat(12),
        fc.integer({ min: 1, max: 2 }),
        async (...args) => {
          const [commands, stream, start, older] = args
          const caches = await interleave(
            commands,
            () => stream.next().value as number,
            start,
            older,
            remove,
          )
          expect(keyIn(caches)).toEqual(caches.map(() => 0))
        },
      ),
      { numRuns: runs(50, 150), seed },
    )
  })

  test.each<[string, (client: FallbackClient) => Promise<unknown>]>([
    ['set', (client) => client.set('key', 'new')],
    ['setMany', (client) => client.setMany(new Map([['key', 'new']]))],
  ])('what a %s stored stays', async (_, write) => {
    const plain = reads.map((all) =>
      all.filter(({ command }) => !['incr', 'append'].includes(command)),
    )
    await fc.assert(
      fc.asyncProperty(plain, delays, fc.nat(12), async (commands, stream, start) => {
        const next = () => stream.next().value as number
        const [first] = await interleave(commands, next, start, 1, write)
        expect(first?.value('key')).toBe('new')
      }),
      { numRuns: runs(40, 100), seed },
    )
  })

  test('two that copy for themselves do not make each other miss', async () => {
    await fc.assert(
      fc.asyncProperty(reads, delays, async (commands, stream) => {
        const { client } = slowCaches(() => stream.next().value as number)
        const answers = await Promise.all(
          commands.map(async ({ command, start }) => {
            await turns(start)
            return READS[command]?.(client)
          }),
        )
        await client.close()
        for (const answer of answers) {
          const misses: readonly unknown[] = [undefined, false]
          expect(misses).not.toContain(answer)
        }
      }),
      { numRuns: runs(40, 100), seed },
    )
  })
})

describe('a read that began before', () => {
  /** Begins a read, and calls `meanwhile` when the older cache has answered and nobody knows it yet. */
  async function during(
    meanwhile: (client: FallbackClient, first: MemoryClient) => Promise<unknown>,
  ) {
    const { client, caches, first } = slowCaches(() => 0)
    let answered: () => void = () => {}
    const isAnswered = new Promise<void>((resolve) => {
      answered = resolve
    })
    let goOn: () => void = () => {}
    caches[1]!.after = ({ method }) => {
      if (method !== 'get') return undefined
      answered()
      return new Promise<void>((resolve) => {
        goOn = resolve
      })
    }
    const reading = client.get('key')
    await isAnswered
    await meanwhile(client, first)
    goOn()
    expect(await reading).toBe(41)
    await client.close()
    return first.value('key')
  }

  test('copies nothing after a delete, a flush, or a store', async () => {
    expect(await during((client) => client.delete('key'))).toBe(undefined)
    expect(await during((client) => client.deleteMany(['key']))).toBe(undefined)
    expect(await during((client) => client.flushAll())).toBe(undefined)
    expect(await during((client) => client.set('key', 1))).toBe(1)
    expect(await during((client) => client.add('key', 2))).toBe(2)
  })

  test.each<[string, (client: FallbackClient) => Promise<unknown>]>([
    ['set', (client) => client.set('key', 1, { expire: 1 })],
    ['setMany', (client) => client.setMany({ key: 1 }, { expire: 1 })],
    ['add', (client) => client.add('key', 1, { expire: 1 })],
  ])('copies nothing when what a %s stored has expired', async (_, store) => {
    const left = await during(async (client, first) => {
      await store(client)
      await first.delete('key')
    })
    expect(left).toBe(undefined)
  })

  test('copies after a write of another key, and a cas that found no item', async () => {
    expect(await during((client) => client.delete('other'))).toBe(41)
    expect(await during((client) => client.cas('key', 1, '1'))).toBe(41)
  })
})

test('a copy that was sent is waited for by delete and flushAll, and by no other write', async () => {
  for (const remove of ['delete', 'flushAll'] as const) {
    const { client, first } = slowCaches(() => 0)
    let store: () => void = () => {}
    first.before = ({ method }) =>
      method === 'add'
        ? new Promise<void>((resolve) => {
            store = resolve
          })
        : undefined
    await client.get('key')
    await client.set('other', 1)
    let isRemoved = false
    const removing = (remove === 'delete' ? client.delete('key') : client.flushAll()).then(() => {
      isRemoved = true
    })
    await turns(5)
    expect(isRemoved).toBe(false)
    store()
    await removing
    expect(first.items.has('key')).toBe(false)
    await client.close()
  }
})

test('what a gat let expire does not come back', async () => {
  for (const command of ['gat', 'gats'] as const) {
    const [first, old] = [new MockMemcacheClient(), new MockMemcacheClient()]
    await old.set('key', 'old')
    const slow = Object.assign(Object.create(old) as MockMemcacheClient, {
      get: async (key: string) => {
        const value = await old.get(key)
        await turns(20)
        return value
      },
      gat: (key: string, expire: number) => old.gat(key, expire),
      close: () => old.close(),
    })
    const client = new FallbackClient([first, slow], { warm: { expire: 600 } })
    const reading = client.get('key')
    await turns(5)
    await (command === 'gat' ? client.gat('key', -1) : client.gats('key', -1))
    expect(await reading).toBe('old')
    await turns(5)
    expect(await first.get('key')).toBe(undefined)
    await client.close()
  }
})
