// A client put together by hand: many servers, a pool of connections to each, retries around it all.
// Runs on three embedded servers, or on MEMCACHED_SERVERS.
import { retrying } from '@mc/client'
import { HashClient, RendezvousHash } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import { MemcachedServer } from '@mc/testing'

interface User {
  readonly name: string
  readonly logins: number
}

const named = (process.env.MEMCACHED_SERVERS ?? '').match(/[^,\s]+/g) ?? []
const count = named.length > 0 ? 0 : 3
const embedded = await Promise.all(Array.from({ length: count }, () => MemcachedServer.start()))
const servers = [...named, ...embedded.map((server) => server.name)]

// `User` is said once, for the pool: what the outermost client takes and gives has that type.
const hasher = new RendezvousHash()
const client = retrying(
  new HashClient(servers, {
    hasher,
    createClient: (server) =>
      new PooledClient<User>(server, { maxPoolSize: 2, keyPrefix: 'compose:' }),
  }),
  { attempts: 3, retryDelay: 20 },
)

// A retrying client has all that the client within has: this `version` is that of a HashClient.
console.log('A pool of up to 2 connections to each server')
for (const [server, version] of await client.version()) {
  console.log(`  ${server} runs memcached ${version}`)
}

const names = ['ada', 'alan', 'barbara', 'edsger', 'grace', 'ken']
const users = names.map((name, index): [string, User] => [name, { name, logins: index }])
await client.setMany(users, { expire: 60 })

console.log('\nWhere the keys went')
for (const name of names) console.log(`  ${name.padEnd(7)} ${hasher.getNode(name)}`)

console.log('\nOne key, from one server')
const grace = await client.get('grace')
console.log(`  grace has logged in ${grace?.logins} times`)

console.log('\nMany keys, from all servers at once')
const found = await client.getMany([...names, 'nobody'])
for (const user of found.values()) console.log(`  ${user.name.padEnd(7)} ${user.logins}`)
console.log(`  ${found.size} of ${names.length + 1} keys were there`)

await client.close()
for (const server of embedded) await server.stop()
