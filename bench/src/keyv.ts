// CPU of a get through Keyv compared with one of the client, of the same value, in turn.
// Usage: pnpm --filter @mc/bench keyv [--write]
import { readFileSync, writeFileSync } from 'node:fs'
import { KeyvMemcache } from '@mc/adapters/keyv'
import { Client } from '@mc/client'
import { memcached } from '@mc/testing'
import { Keyv } from 'keyv'
import { CPU_ROUNDS, cpuTables } from './cpu.ts'

const VALUE = { id: 1, name: 'n'.repeat(100), tags: ['a', 'b'] }

const server = await memcached.start({ args: ['-t', '1'] })
const client = new Client(server.name)
/** What Keyv needs by itself: each call goes to the client. */
const passThrough = () => ({
  get: (key: string) => client.get(key),
  set: (key: string, value: string) => client.set(key, value),
  delete: (key: string) => client.delete(key),
  clear: () => {},
})
/** The client's serde in place of Keyv's, which parses with a function for each member. */
const unserialized = { serialize: undefined, deserialize: undefined } as object
const floor = new Keyv({ store: passThrough(), namespace: 'pass-through' })
const adapter = new Keyv({ store: new KeyvMemcache(client), namespace: 'adapter' })
const plainFloor = new Keyv({ store: passThrough(), namespace: 'plain', ...unserialized })
const plainAdapter = new Keyv({ store: new KeyvMemcache(client), ...unserialized })
for (const cache of [client, floor, adapter, plainFloor, plainAdapter])
  await cache.set('key', VALUE)

const gets: Record<string, () => Promise<unknown>> = {
  'the client': () => client.get('key'),
  'Keyv over a pass-through': () => floor.get('key'),
  'Keyv over the adapter': () => adapter.get('key'),
  'Keyv over a pass-through, without its serialisation': () => plainFloor.get('key'),
  'Keyv over the adapter, without its serialisation': () => plainAdapter.get('key'),
}
const { version } = JSON.parse(readFileSync('node_modules/keyv/package.json', 'utf8'))
const lines = [
  `# A get through Keyv ${version}`,
  '',
  `CPU of this process for a get of an object of 135 bytes as JSON, Node ${process.version}: the median of ${CPU_ROUNDS} rounds, in turn. A pass-through is an adapter`,
  'that hands each call to the client: what Keyv needs by itself.',
  '',
]
const report = [...lines, ...(await cpuTables(gets))].join('\n')
console.log(report)
if (process.argv.includes('--write')) writeFileSync('results/keyv.md', report)
await client.close()
await server.stop()
