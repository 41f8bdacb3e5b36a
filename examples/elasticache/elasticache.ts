// Follows the nodes of a cluster while callers use it, and shows which keys move when nodes come and go.
// Runs on an embedded configuration endpoint with three embedded servers, which it scales itself, or on the
// cluster or Memorystore instance of ELASTICACHE_ENDPOINT (host:port), which you scale; ELASTICACHE_TLS=1 if
// it has encryption in transit. Ctrl-C ends it.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { configurationEndpoint, ElastiCacheHashClient } from '@mc/aws-ec'
import { RendezvousHash } from '@mc/hash'
import { ConfigurationEndpointServer, type ListedNode, MemcachedServer } from '@mc/testing'

const KEYS = Array.from({ length: 1000 }, (_, i) => `elasticache:${i}`)
const CALLERS = 16

const { ELASTICACHE_ENDPOINT: real, ELASTICACHE_TLS: tls } = process.env
const servers: MemcachedServer[] = []
const embedded = real
  ? undefined
  : await ConfigurationEndpointServer.start({ nodes: await start(1, 3) })

/** Starts servers and answers them as an endpoint lists them. */
async function start(first: number, count: number): Promise<ListedNode[]> {
  const started = await Promise.all(Array.from({ length: count }, () => MemcachedServer.start()))
  servers.push(...started)
  return started.map(({ port }, i) => ({
    host: `cache.000${first + i}.test`,
    ip: '127.0.0.1',
    port,
  }))
}

const hasher = new RendezvousHash()
const cache = new ElastiCacheHashClient<string>(
  configurationEndpoint(real || (embedded?.name ?? '')),
  {
    hasher,
    pollInterval: real ? 2000 : 100,
    tls: tls === '1',
  },
)
cache.on('error', (error, where) => console.log(`  ${where}: ${error.message}`))
await cache.connect()

/** Where the keys are now. */
const placement = () => KEYS.map((key) => hasher.getNode(key) ?? 'nowhere')

function print(places: readonly string[]): void {
  const { version, nodes = [] } = cache.nodeList ?? {}
  console.log(`Version ${version} of the list, ${nodes.length} nodes`)
  for (const { name } of cache.servers) {
    console.log(`  ${name}  ${places.filter((place) => place === name).length} keys`)
  }
}

let before = placement()
print(before)
console.log()

// A change comes as one event for each node, all in one turn.
for (const event of ['added', 'removed', 'replaced'] as const) {
  cache.on(event, (node: string) => {
    console.log(`${event} ${node}`)
    setImmediate(printMoves)
  })
}

/** Prints the new nodes and, for each pair of nodes, how many keys went from the one to the other. */
function printMoves(): void {
  const after = placement()
  const moves = new Map<string, number>()
  for (const [i, to] of after.entries()) {
    const move = `${before[i]} -> ${to}`
    if (to !== before[i]) moves.set(move, (moves.get(move) ?? 0) + 1)
  }
  before = after
  if (moves.size === 0) return
  print(after)
  for (const [move, count] of [...moves].sort()) console.log(`  ${count} keys moved ${move}`)
  const moved = [...moves.values()].reduce((sum, count) => sum + count)
  console.log(`  ${KEYS.length - moved} of ${KEYS.length} keys stayed\n`)
}

const seen = { hits: 0, misses: 0, errors: [] as unknown[] }
let isOpen = true
async function call(): Promise<void> {
  while (isOpen) {
    const key = KEYS[Math.floor(KEYS.length * Math.random())] ?? ''
    try {
      if ((await cache.get(key)) !== undefined) seen.hits++
      else {
        seen.misses++
        await cache.set(key, `value of ${key}`, { expire: 60 })
      }
    } catch (error) {
      seen.errors.push(error)
    }
    await sleep(1)
  }
}

const callers = Array.from({ length: CALLERS }, call)
await sleep(500)
if (embedded !== undefined) {
  const scale = async (nodes: readonly ListedNode[]): Promise<void> => {
    console.log(`Scaling from ${embedded.nodes.length} to ${nodes.length} nodes`)
    embedded.setNodes(nodes)
    while (cache.nodeList?.version !== embedded.version) await sleep(10)
    await sleep(500)
  }
  await scale([...embedded.nodes, ...(await start(4, 2))])
  await scale(embedded.nodes.slice(3))
} else {
  console.log('Waiting for changes of the cluster')
  await once(process, 'SIGINT')
}

isOpen = false
await Promise.all(callers)
await cache.close()
await embedded?.stop()
await Promise.all(servers.map((server) => server.stop()))
console.log(
  `${seen.hits} hits, ${seen.misses} misses, errors seen by callers: ${seen.errors.length}`,
)
if (seen.errors.length > 0) {
  console.error(seen.errors[0])
  process.exitCode = 1
}
