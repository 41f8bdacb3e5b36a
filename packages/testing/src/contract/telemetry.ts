import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import {
  CLIENT_METHODS,
  type ClientMethod,
  type CommandTrace,
  METHODS,
  type MemcacheClient,
} from '@mc/protocol'
import { outcomesOf } from './at-once.ts'
import type { Rule } from './rule.ts'

/** Tells the calls of one rule from those of other tests of the process. */
const OBSERVED = new AsyncLocalStorage<CommandTrace[]>()

/** What `mc:command` said of calls that were made at once, each as it was when it ended. */
async function eventsOf(calls: readonly (() => Promise<unknown>)[]): Promise<CommandTrace[]> {
  const ended: CommandTrace[] = []
  const { asyncEnd } = tracingChannel<unknown, CommandTrace>('mc:command')
  const onEnd = (trace: unknown): void => {
    OBSERVED.getStore()?.push({ ...(trace as CommandTrace) })
  }
  asyncEnd.subscribe(onEnd)
  try {
    await OBSERVED.run(ended, () => outcomesOf(calls))
  } finally {
    asyncEnd.unsubscribe(onEnd)
  }
  return ended
}

/** Of each event what is the same on every client. */
function summary({ command, keys, hits, misses, error }: CommandTrace): unknown[] {
  return [command, keys, hits, misses, (error as { code?: unknown } | undefined)?.code]
}

const inOrder = (rows: readonly unknown[][]): string[] => rows.map((row) => row.join()).sort()

type Method = (...args: unknown[]) => Promise<unknown>

/** Methods that change the server. */
const CONFIGURING: ReadonlySet<ClientMethod> = new Set([
  'cacheMemlimit',
  'shutdown',
  'verbosity',
  'rawCommand',
])

/** A call of a method. Its arguments may be invalid, as that is an outcome too. */
function callOf(client: MemcacheClient, name: ClientMethod, key: string): () => Promise<unknown> {
  const method = (client as unknown as Record<ClientMethod, Method>)[name]
  const first = { key, keys: [key], entries: [[key, 1]], lease: undefined, nothing: undefined }
  return () => method.call(client, first[METHODS[name].takes], 1)
}

export const telemetryContract: readonly Rule[] = [
  {
    name: 'each method publishes one event of mc:command for a call, also on a closed client',
    async check(client, key) {
      const present = CLIENT_METHODS.filter((name) => name in client)
      const safe = present.filter((name) => !CONFIGURING.has(name))
      const open = await eventsOf(safe.map((name) => callOf(client, name, key())))
      assert.deepEqual(open.map(({ command }) => command).sort(), safe.toSorted())
      await client.close()
      const closed = await eventsOf(present.map((name) => callOf(client, name, key())))
      assert.deepEqual(closed.map(({ command }) => command).sort(), present.toSorted())
      for (const { error } of closed) assert.notEqual(error, undefined)
    },
  },
  {
    name: 'every call ends in one event of mc:command, with what it found',
    async check(client, key) {
      await client.set(key(), 'v')
      const [none, keys] = [key('none'), [key(), key('none'), key()]]
      const events = await eventsOf([
        () => client.get(key()),
        () => client.get(none, { default: 'v' }),
        () => client.get(key(), { default: 'v' }),
        () => client.gets(key()),
        () => client.getMany(keys.values()),
        () => client.setMany(new Map([[key('other'), 'w']]).entries()),
        () => client.touch(key(), 60),
        () => client.incr(none),
        () => client.deleteMany([none]),
      ])
      assert.deepEqual(
        inOrder(events.map(summary)),
        inOrder([
          ['get', undefined, 1, 0, undefined],
          ['get', undefined, 0, 1, undefined],
          ['get', undefined, 1, 0, undefined],
          ['gets', undefined, 1, 0, undefined],
          ['getMany', 3, 2, 1, undefined],
          ['setMany', 1, undefined, undefined, undefined],
          ['touch', undefined, undefined, undefined, undefined],
          ['incr', undefined, undefined, undefined, undefined],
          ['deleteMany', 1, undefined, undefined, undefined],
        ]),
      )
      const { server } = client as MemcacheClient & { server?: string }
      if (server !== undefined) {
        for (const event of events) assert.equal(event.server, server)
      }
    },
  },
  {
    name: 'a call that is refused ends in one event of mc:command, with its error',
    async check(client, key) {
      const reason = Object.assign(new Error('changed my mind'), { code: 'MINE' })
      const early = await eventsOf([
        () => client.get(key(), { signal: AbortSignal.abort(reason) }),
        () => client.get('with a blank'),
        () => client.set('with a blank', 1),
        () => client.getMany([key(), 'with a blank']),
        () => client.get(key(), { tiemout: 1 } as object),
      ])
      assert.deepEqual(
        inOrder(early.map(summary)),
        inOrder([
          ['get', undefined, undefined, undefined, 'MINE'],
          ['get', undefined, undefined, undefined, 'MEMCACHE_ILLEGAL_INPUT'],
          ['set', undefined, undefined, undefined, 'MEMCACHE_ILLEGAL_INPUT'],
          ['getMany', 2, undefined, undefined, 'MEMCACHE_ILLEGAL_INPUT'],
          ['get', undefined, undefined, undefined, 'MEMCACHE_ILLEGAL_INPUT'],
        ]),
      )
      await client.close()
      const late = await eventsOf([
        () => client.get(key()),
        () => client.set(key(), 1),
        () => client.getMany([key(), key('other')]),
        () => client.incr(key()),
        () => client.flushAll(),
      ])
      assert.deepEqual(
        inOrder(late.map(({ command, error }) => [command, (error as { code?: unknown })?.code])),
        inOrder(
          ['get', 'set', 'getMany', 'incr', 'flushAll'].map((name) => [name, 'MEMCACHE_CLOSED']),
        ),
      )
    },
  },
]
