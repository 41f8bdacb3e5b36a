// Figures away from the network. Usage: pnpm --filter @mc/bench micro
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { KetamaHash, murmur3_32, RendezvousHash } from '@mc/hash'
import { KeyEncoder, ReplyParser, RequestWriter } from '@mc/protocol'
import { GetCommand, StoreCommand } from '@mc/protocol/toolkit'
import { compressedSerde, nativeSerde } from '@mc/serde'

const require = createRequire(import.meta.url)
// Through a buffer, since text that was just joined is flattened at its first use.
const KEYS = Array.from({ length: 1_000_000 }, (_, i) =>
  Buffer.from(`user:${i}:profile`).toString(),
)

await placement()
parsing()
encoding()
serialisation()
await compression()

/** Microseconds to choose a server for each of a million distinct keys. */
async function placement(): Promise<void> {
  const { default: Memcache } = (await import('memcache')) as unknown as {
    default: new (options: {
      nodes: readonly string[]
    }) => { readonly hash: { getNodesByKey(key: string): unknown } }
  }
  const HashRing = require('hashring') as new (
    nodes: readonly string[],
  ) => { get(key: string): string }
  const rows: Record<string, Record<string, string>> = {}
  for (const count of [3, 10, 100, 1000]) {
    const nodes = Array.from({ length: count }, (_, i) => `127.1.${i >> 8}.${i & 255}:11211`)
    const keys = KEYS.slice(0, count === 1000 ? 50_000 : undefined)
    const rendezvous = new RendezvousHash({ nodes })
    const ketama = new KetamaHash({ nodes })
    const ring = new HashRing(nodes)
    const { hash } = new Memcache({ nodes })
    rows[`${count} nodes`] = {
      RendezvousHash: micro(keys, (key) => rendezvous.getNode(key)),
      KetamaHash: micro(keys, (key) => ketama.getNode(key)),
      'hashring (npm)': micro(keys, (key) => ring.get(key)),
      'memcache (npm)': micro(keys, (key) => hash.getNodesByKey(key)),
      pymemcache: pymemcachePlacement(nodes),
    }
  }
  console.log('getNode, microseconds')
  console.table(rows)
}

function micro(keys: readonly string[], choose: (key: string) => unknown): string {
  for (const key of keys.slice(0, 20_000)) choose(key)
  const start = performance.now()
  for (const key of keys) choose(key)
  return (((performance.now() - start) * 1000) / keys.length).toFixed(2)
}

function pymemcachePlacement(nodes: readonly string[]): string {
  const script = `
import sys, time
from pymemcache.client.rendezvous import RendezvousHash
ring = RendezvousHash(nodes=sys.argv[1:])
count = max(200, 20000 // len(sys.argv))
start = time.perf_counter()
for i in range(count):
    ring.get_node(f'user:{i}:profile')
print((time.perf_counter() - start) * 1e6 / count)`
  try {
    return Number(execFileSync('/usr/bin/python3', ['-c', script, ...nodes])).toFixed(1)
  } catch {
    return 'not installed'
  }
}

/** Replies and bytes a second through the parser, from chunks as large as a socket gives. */
function parsing(): void {
  const rows: Record<string, Record<string, string>> = {}
  for (const size of [0, 100, 4096]) {
    const value = 'v'.repeat(size)
    for (const [dialect, reply] of Object.entries({
      meta: `VA ${size} f16 O1234\r\n${value}\r\n`,
      text: `VALUE user:1:profile 16 ${size}\r\n${value}\r\n`,
    })) {
      const stream = Buffer.from(reply.repeat(Math.ceil(4_000_000 / reply.length)))
      const read = (): number => {
        const parser = new ReplyParser()
        let replies = 0
        for (let at = 0; at < stream.length; at += 65_536) {
          parser.push(stream.subarray(at, at + 65_536))
          while (parser.next()) replies++
        }
        return replies
      }
      for (let i = 0; i < 5; i++) read()
      const start = performance.now()
      let replies = 0
      for (let i = 0; i < 10; i++) replies += read()
      const seconds = (performance.now() - start) / 1000
      rows[`${dialect}, ${size} B`] = {
        'replies/s': Math.round(replies / seconds).toLocaleString('en'),
        'MB/s': ((stream.length * 10) / seconds / 1e6).toFixed(0),
      }
    }
  }
  console.log('ReplyParser')
  console.table(rows)
}

/** Nanoseconds to check a key, to hash it, and to write a request. */
function encoding(): void {
  const keys = new KeyEncoder({ prefix: 'shop:' })
  const key = 'user:1234567:profile'
  const value = 'v'.repeat(100)
  const wire = keys.encode(key)
  const get = new GetCommand(wire, key, nativeSerde, false, undefined)
  const set = new StoreCommand('set', wire, value, 16, 0)
  let out = new RequestWriter()
  const writes = (command: { write(out: RequestWriter, dialect: 'meta'): void }) => () => {
    command.write(out, 'meta')
    if (out.length > 60_000) out = new RequestWriter()
  }
  console.log('Requests, nanoseconds')
  console.table({
    'check a key of 20 bytes': { ns: nanos(() => keys.encode(key)) },
    'murmur3_32 of it': { ns: nanos(() => murmur3_32(key)) },
    'write a get': { ns: nanos(writes(get)) },
    'write a set of 100 B': { ns: nanos(writes(set)) },
  })
}

/** Nanoseconds that the default serde adds to a set and to a get. */
function serialisation(): void {
  const rows: Record<string, Record<string, string>> = {}
  for (const size of [100, 4096]) {
    const text = 'v'.repeat(size)
    const values = { text, bytes: Buffer.from(text), json: { name: text } }
    for (const [type, value] of Object.entries(values)) {
      const { data, flags } = nativeSerde.serialize(value, 'key') as { data: string; flags: number }
      const bytes = Buffer.from(data)
      rows[`${type}, ${size} B`] = {
        'serialize ns': nanos(() => nativeSerde.serialize(value, 'key')),
        'deserialize ns': nanos(() => nativeSerde.deserialize(bytes, flags, 'key')),
      }
    }
  }
  console.log('nativeSerde')
  console.table(rows)
}

function nanos(work: () => unknown): string {
  const turns = 500_000
  for (let i = 0; i < 50_000; i++) work()
  const start = performance.now()
  for (let i = 0; i < turns; i++) work()
  return (((performance.now() - start) * 1e6) / turns).toFixed(0)
}

/** Milliseconds to compress and inflate 100 KB, and the longest that the event loop stood still. */
async function compression(): Promise<void> {
  const words = Array.from({ length: 2000 }, (_, i) => `word${(i * 7919) % 1013}`)
  const text = words.join(' ').repeat(20).slice(0, 100_000)
  const rows: Record<string, Record<string, string>> = {}
  for (const algorithm of ['zlib', 'gzip', 'brotli'] as const) {
    const serde = compressedSerde(nativeSerde, { algorithm })
    const { data, flags } = await serde.serialize(text, 'key')
    const bytes = Buffer.from(data as Uint8Array)
    rows[algorithm] = {
      ...(await timed('compress', async () => serde.serialize(text, 'key'))),
      ...(await timed('inflate', async () => serde.deserialize(bytes, flags, 'key'))),
    }
  }
  console.log('compressedSerde, 100 KB, milliseconds')
  console.table(rows)
}

async function timed(name: string, work: () => Promise<unknown>): Promise<Record<string, string>> {
  const turns = 50
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  for (let i = 0; i < turns; i++) await work()
  const each = (performance.now() - start) / turns
  delay.disable()
  return { [name]: each.toFixed(2), [`${name}: longest stall`]: (delay.max / 1e6).toFixed(1) }
}
