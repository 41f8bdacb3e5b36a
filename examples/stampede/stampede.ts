// Many callers read one key that expires and changes: by hand (get, and on a miss load and set), and by `fetch`.
// Runs on an embedded server, for as many seconds as SECONDS says, or 6.
import { setTimeout as sleep } from 'node:timers/promises'
import { MemcachedServer } from '@mc/testing'
import { byFetch, byHand } from './caches.ts'
import { show } from './screen.ts'
import { Side } from './side.ts'
import { Source } from './source.ts'

const PROCESSES = 4
const CALLERS = 100
const milliseconds = 1000 * Number(process.env.SECONDS ?? 6)

const server = await MemcachedServer.start()
const sides = [
  { name: 'by hand', open: byHand },
  { name: 'fetch', open: byFetch },
].map(({ name, open }) => {
  const source = new Source()
  // A client each, as if they were processes of their own.
  const caches = Array.from({ length: PROCESSES }, () => open(server.name, source))
  return new Side(name, source, caches, CALLERS)
})

console.log(`${CALLERS} callers read one key, which takes 200 ms to load and expires after 2 s.`)
console.log('Later on it changes and is invalidated as well, once more while it is being loaded.\n')

const over = new AbortController()
show(sides, over.signal)
const callers = sides.map((side) => side.read(over.signal))
await sleep(0.6 * milliseconds)
const loadsPerExpiry = sides.map(({ source }) => source.loadsPerExpiry.toFixed(1))
const writers = sides.map((side) => side.write(over.signal))
await sleep(0.4 * milliseconds)
over.abort()
await Promise.all([...callers, ...writers])

console.log()
for (const [index, { name, reads, oldReads }] of sides.entries()) {
  console.log(
    `${name}: ${loadsPerExpiry[index]} loads per expiry, ${oldReads} old reads of ${reads}`,
  )
}
for (const side of sides) await side.close()
await server.stop()
