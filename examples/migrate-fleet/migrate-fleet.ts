// Moves live traffic from an old memcached to a new, empty one, and stops the old one under way.
// Runs on the memcached that is installed, or else on embedded servers.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '@mc/client'
import { FallbackClient } from '@mc/fallback'
import { MemcachedServer, memcached } from '@mc/testing'

interface User {
  readonly id: number
  readonly visits: number
}

const USERS = 2000
const CALLERS = 32
/** Of a call, in milliseconds: no caller sees an error, on a busy machine too. */
const TIMEOUT = 10_000
const REPORT_MILLISECONDS = 200
/** The old server is stopped when it answers less than this share of the reads, or after this many reports. */
const LITTLE = 0.01
const MOST_REPORTS = 10
const REPORTS_AFTERWARDS = 3

const isInstalled = memcached.find() !== undefined
const start = () => (isInstalled ? memcached.start() : MemcachedServer.start())
const oldServer = await start()
const newServer = await start()
const oldClient = new Client<User>(oldServer.name, { timeout: TIMEOUT })
const newClient = new Client<User>(newServer.name, { timeout: TIMEOUT })

const ids = Array.from({ length: USERS }, (_, id) => id)
await oldClient.setMany(ids.map((id): [string, User] => [`user:${id}`, { id, visits: 1 }]))
const kind = isInstalled ? `memcached ${await newClient.version()}` : 'embedded server'
console.log(`old: ${oldServer.name}, ${kind}, has ${USERS} users`)
console.log(`new: ${newServer.name}, ${kind}, is empty\n`)

// The whole move is this client. A failure of the old server is a miss, so that it can be stopped.
const cache = new FallbackClient([newClient, oldClient], {
  warm: { expire: 3600 },
  olderFailures: 'miss',
})

/** What the callers saw. */
const seen = { reads: 0, writes: 0, loads: 0, errors: [] as unknown[] }

/** The cache's user, or the database's. */
async function read(id: number): Promise<User> {
  seen.reads++
  const hit = await cache.get(`user:${id}`)
  if (hit !== undefined) return hit
  seen.loads++
  await sleep(5)
  const user = { id, visits: 1 }
  await cache.add(`user:${id}`, user)
  return user
}

async function write({ id, visits }: User): Promise<void> {
  seen.writes++
  await cache.set(`user:${id}`, { id, visits: visits + 1 })
}

let isOpen = true
async function call(): Promise<void> {
  while (isOpen) {
    // Some users come more often than others, and one visit in ten changes something.
    const id = Math.floor(USERS * Math.random() ** 3)
    try {
      const user = await read(id)
      if (Math.random() < 0.1) await write(user)
    } catch (error) {
      seen.errors.push(error)
    }
    await sleep(1)
  }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
const row = (...cells: (string | number)[]) =>
  console.log(cells.map((cell) => String(cell).padStart(10)).join(''))

const hitsByLevel = () => cache.levels.map((level) => level.hits)
let before = { hits: hitsByLevel(), loads: 0 }

/** Prints who answered the reads since the last report, and gives the old server's share. */
function report(): number {
  const now = { hits: hitsByLevel(), loads: seen.loads }
  const [fresh = 0, old = 0] = now.hits.map((hits, level) => hits - (before.hits[level] ?? 0))
  const loads = now.loads - before.loads
  const reads = Math.max(1, fresh + old + loads)
  before = now
  row(
    reads,
    percent(fresh / reads),
    percent(old / reads),
    percent(loads / reads),
    seen.errors.length,
  )
  // Where nothing was read, nothing is known.
  return fresh + old + loads === 0 ? 1 : old / reads
}

console.log(`Who answers the reads of ${CALLERS} callers`)
row('reads', 'new', 'old', 'database', 'errors')
const callers = Array.from({ length: CALLERS }, call)
let share = 1
for (let reports = 0; share >= LITTLE && reports < MOST_REPORTS; reports++) {
  await sleep(REPORT_MILLISECONDS)
  share = report()
}

const [, spared] = hitsByLevel()
await oldServer.stop()
console.log(
  `  the old server answers ${percent(share)} of the reads: it is stopped, the callers go on`,
)
for (let reports = 0; reports < REPORTS_AFTERWARDS; reports++) {
  await sleep(REPORT_MILLISECONDS)
  report()
}

isOpen = false
await Promise.all(callers)
await cache.close()
await newServer.stop()

console.log(
  `\n${seen.reads} reads and ${seen.writes} writes, errors seen by callers: ${seen.errors.length}`,
)
console.log(`Reads that the old server spared the database: ${spared}`)
console.log(
  `Reads that asked the old server after its end: ${cache.levels[1]?.errors}, each a plain miss`,
)
if (seen.errors.length > 0) {
  console.error(seen.errors[0])
  process.exitCode = 1
}
