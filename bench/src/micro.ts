// Figures away from the network. Usage: pnpm --filter @mc/bench micro
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { KetamaHash, RendezvousHash } from '@mc/hash'
import { compressedSerde, nativeSerde } from '@mc/serde'

const require = createRequire(import.meta.url)
// Through a buffer, since text that was just joined is flattened at its first use.
const KEYS = Array.from({ length: 1_000_000 }, (_, i) =>
  Buffer.from(`user:${i}:profile`).toString(),
)

await placement()
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
