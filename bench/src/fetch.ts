// CPU of a fetch that hits compared with a get of the client, of the same value, in turn.
// Usage: pnpm --filter @mc/bench fetch [--write]
import { writeFileSync } from 'node:fs'
import { Client } from '@mc/client'
import { FetchClient } from '@mc/fetch'
import { memcached } from '@mc/testing'
import { CPU_ROUNDS, cpuTables } from './cpu.ts'

const server = await memcached.start({ args: ['-t', '1'] })
const client = new Client(server.name)
const cache = new FetchClient(client, { expire: 3600 })
const load = async (): Promise<string> => 'v'.repeat(100)
await cache.fetch('key', load)

const tables = await cpuTables({
  'a get': () => client.get('key'),
  'a lease': () => client.lease('key', { seconds: 11 }),
  'a fetch with the defaults': () => cache.fetch('key', load),
  'a fetch with options': () => cache.fetch('key', load, { expire: 60 }),
})
const report = [
  '# A fetch that hits',
  '',
  `CPU of this process for a value of 100 bytes, Node ${process.version}: the median of ${CPU_ROUNDS} rounds, in turn. A fetch reads by a lease, whose request and`,
  'reply say more than those of a get.',
  '',
  ...tables,
].join('\n')
console.log(report)
if (process.argv.includes('--write')) writeFileSync('results/fetch.md', report)
await client.close()
await server.stop()
