// What happens to 200,000 gets that are made at once. Usage: pnpm --filter @mc/bench overload [--write]
import { writeFileSync } from 'node:fs'
import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import { memcached } from '@mc/testing'
import { median } from './report.ts'

const CALLS = 200_000
const ROUNDS = 7

interface Burst {
  readonly answered: number
  readonly refused: number
  readonly late: number
  /** Microseconds for each call for which it blocks the event loop. */
  readonly toMake: number
  /** The same until all of them have settled. */
  readonly whole: number
}

const server = await memcached.start({ args: ['-t', '1'] })
const clients = {
  Client: new Client(server.name),
  HashClient: new HashClient([server.name]),
  PooledClient: new PooledClient(server.name),
}
const rows: string[] = []
for (const [name, client] of Object.entries(clients)) {
  await client.set('key', 'v'.repeat(100))
  const bursts: Burst[] = []
  // The first one compiles the code.
  for (let round = 0; round <= ROUNDS; round++) {
    const one = await burst(client)
    if (round > 0) bursts.push(one)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const figure = (of: keyof Burst): number => median(bursts.map((one) => one[of]))
  const times = [figure('toMake'), figure('whole')].map((us) => us.toFixed(2))
  rows.push(
    `| ${[name, figure('answered'), figure('refused'), figure('late'), ...times].join(' | ')} |`,
  )
  await client.close()
}
await server.stop()

const report = [
  '# Too many calls at once',
  '',
  `${CALLS} gets of 100 bytes, made in one turn of the event loop with the defaults, Node ${process.version}: medians of ${ROUNDS} bursts. \`to make\` is the time for which each`,
  'call blocks the event loop; `in all` goes on until all of them have settled, and includes the replies of those that are not refused.',
  '',
  '| client | answered | refused | out of time | us to make | us in all |',
  '|---|--:|--:|--:|--:|--:|',
  ...rows,
  '',
].join('\n')
console.log(report)
if (process.argv.includes('--write')) writeFileSync('results/overload.md', report)

async function burst(client: Pick<Client, 'get'>): Promise<Burst> {
  const start = performance.now()
  const calls = Array.from({ length: CALLS }, () => client.get('key'))
  const made = performance.now()
  const outcomes = await Promise.allSettled(calls)
  const settled = performance.now()
  const count = (what: string): number =>
    outcomes.filter((one) => (one.status === 'fulfilled' ? 'answered' : one.reason.code) === what)
      .length
  const answered = count('answered')
  const refused = count('MEMCACHE_OVERLOAD')
  const late = count('MEMCACHE_TIMEOUT')
  if (answered + refused + late < CALLS) throw outcomes
  return {
    answered,
    refused,
    late,
    toMake: (1000 * (made - start)) / CALLS,
    whole: (1000 * (settled - start)) / CALLS,
  }
}
