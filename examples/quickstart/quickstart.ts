// A cache in front of a slow function. Runs on an embedded server, or on the first of MEMCACHED_SERVERS.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '@mc/client'
import { MemcachedServer } from '@mc/testing'

const named = process.env.MEMCACHED_SERVERS?.split(',')[0]?.trim() || undefined
const embedded = named ? undefined : await MemcachedServer.start()
const client = new Client(named ?? embedded?.name ?? 'localhost', { keyPrefix: 'quickstart:' })
console.log(`server ${client.server}, memcached ${await client.version()}\n`)

/** The slow thing worth caching. */
async function loadUser(id: number): Promise<{ id: number; name: string }> {
  await sleep(200)
  return { id, name: `user ${id}` }
}

async function cachedUser(id: number) {
  const hit = await client.get<{ id: number; name: string }>(`user:${id}`)
  if (hit !== undefined) return { user: hit, from: 'hit' }
  const user = await loadUser(id)
  await client.set(`user:${id}`, user, { expire: 2 })
  return { user, from: 'miss' }
}

await client.deleteMany(['user:1', 'stock', 'visits'])

console.log('Miss, hit, expiry')
const times: number[] = []
for (const pause of [0, 0, 3000]) {
  await sleep(pause)
  const start = performance.now()
  const { user, from } = await cachedUser(1)
  const took = performance.now() - start
  times.push(took)
  const after = pause > 0 ? ` after ${pause / 1000} s` : ''
  console.log(`  ${from.padEnd(4)} ${user.name} in ${took.toFixed(1)} ms${after}`)
}
const [missed = 0, hit = 0] = times
console.log(`  the hit saved ${(missed - hit).toFixed(0)} ms\n`)

console.log('Many keys in one call')
await client.setMany({ red: '#f00', green: '#0f0', blue: '#00f' })
const colours = await client.getMany(['red', 'green', 'blue', 'grey'])
for (const [key, value] of colours) console.log(`  ${key.toString().padEnd(5)} ${value}`)
console.log(`  ${colours.size} of 4 keys were there\n`)

console.log('CAS under contention: 10 buyers take one piece each')
await client.set('stock', 10)
let retries = 0
async function buy(): Promise<void> {
  for (;;) {
    const item = await client.gets<number>('stock')
    if (item === undefined) throw new Error('the stock is gone')
    if (await client.cas('stock', item.value - 1, item.cas)) return
    retries++
  }
}
await Promise.all(Array.from({ length: 10 }, buy))
console.log(`  stock is ${await client.get('stock')}, ${retries} retries\n`)

console.log('A counter')
await client.set('visits', 0)
await Promise.all(Array.from({ length: 1000 }, () => client.incr('visits')))
console.log(`  visits: ${await client.get('visits')}`)

await client.close()
await embedded?.stop()
