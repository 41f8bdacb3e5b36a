// What the tracing channels cost: gets of one client before anybody has subscribed, then with and without a subscriber in turn.
// Usage: pnpm --filter @mc/bench tracing
import { tracingChannel } from 'node:diagnostics_channel'
import { Client } from '@mc/client'
import { memcached } from '@mc/testing'
import { median } from './report.ts'

const ROUNDS = 7
const IN_FLIGHT = 64
const CALLS = 300_000

const server = await memcached.start({ args: ['-t', '1'] })
const client = new Client(server.name)
const channel = tracingChannel('mc:command')
const nothing = (): void => {}
const subscriber = {
  start: nothing,
  end: nothing,
  asyncStart: nothing,
  asyncEnd: nothing,
  error: nothing,
}
const costs = { before: [] as number[], without: [] as number[], with: [] as number[] }

await client.set('key', 'v'.repeat(100))
await run()
for (let round = 0; round < ROUNDS; round++) costs.before.push(await run())
for (let round = 0; round < ROUNDS; round++) {
  costs.without.push(await run())
  channel.subscribe(subscriber)
  costs.with.push(await run())
  channel.unsubscribe(subscriber)
}
console.log(`CPU for a get before anybody has subscribed: ${median(costs.before).toFixed(2)} us`)
console.log(`CPU for a get without a subscriber: ${median(costs.without).toFixed(2)} us`)
console.log(`CPU for a get with one that does nothing: ${median(costs.with).toFixed(2)} us`)
await client.close()
await server.stop()

/** Microseconds of CPU for each call. */
async function run(): Promise<number> {
  const before = process.cpuUsage()
  let turn = 0
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (turn++ < CALLS) await client.get('key')
    }),
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / CALLS
}
