// The clients in whatever runs this: TCP, Unix socket, TLS; values, many keys, CAS, counters, deadlines, closing.
// It needs the packages, and servers whose names come as JSON: { tcp, unix, tls, ca }.
import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'

const { tcp, unix, tls, ca } = JSON.parse(process.argv[2])
const ways = {
  'Client over TCP': () => new Client(tcp),
  'Client over TCP, text dialect': () => new Client(tcp, { dialect: 'text' }),
  'Client over a Unix socket': () => new Client(unix),
  'Client over TLS': () => new Client(tls, { tls: { ca, servername: 'localhost' } }),
  'HashClient of two servers': () => new HashClient([tcp, unix]),
  'PooledClient over TCP': () => new PooledClient(tcp, { maxPoolSize: 3 }),
}

let failures = 0
for (const [way, create] of Object.entries(ways)) {
  const client = create()
  try {
    await use(client, `${way.replace(/\W+/g, '-')}:`)
    console.log(`${way}: works`)
  } catch (error) {
    failures++
    console.log(`${way}: ${error.stack}`)
  } finally {
    await client.close()
  }
}
process.exit(failures)

async function use(client, prefix) {
  const big = 'x'.repeat(300_000)
  same(await client.set(`${prefix}text`, 'Grüße', { expire: 60 }), true)
  same(await client.get(`${prefix}text`), 'Grüße')
  await client.set(`${prefix}object`, { deep: [1, 'two', null] })
  same(await client.get(`${prefix}object`), { deep: [1, 'two', null] })
  await client.set(`${prefix}big`, big)
  same((await client.get(`${prefix}big`)) === big, true)
  const entries = Array.from({ length: 500 }, (_, i) => [`${prefix}${i}`, i])
  same(await client.setMany(entries), [])
  same((await client.getMany(entries.map(([key]) => key))).size, 500)
  const { cas } = await client.gets(`${prefix}1`)
  same(await client.cas(`${prefix}1`, 'new', cas), true)
  same(await client.cas(`${prefix}1`, 'newer', cas), false)
  same(await client.incr(`${prefix}2`, 40), 42)
  same(
    await Promise.all(entries.slice(10).map(([key]) => client.get(key))),
    entries.slice(10).map(([, value]) => value),
  )
  const aborted = await client
    .get(`${prefix}1`, { signal: AbortSignal.abort() })
    .catch((error) => error.name)
  same(aborted, 'AbortError')
  const refused = await client.get('bad key').catch((error) => error.code)
  same(refused, 'MEMCACHE_ILLEGAL_INPUT')
  same(await client.delete(`${prefix}text`), true)
}

function same(seen, expected) {
  const [one, other] = [seen, expected].map((value) => JSON.stringify(value))
  if (one !== other) throw new Error(`${one} in place of ${other}`)
}
