// One start of a client in a fresh process: see startup.ts. With `made` it ends once the client is made; `loaded` only loads `@mc/client`.
import type { Setting, Subject } from './clients.ts'
import { PEERS } from './peers.ts'
import { STORES } from './stores.ts'

// Not from clients.ts, which loads more than one of ours.
const OURS: Readonly<Record<string, (setting: Setting) => Promise<Pick<Subject, 'get'>>>> = {
  async mc({ servers: [server = ''] }) {
    const { Client } = await import('@mc/client')
    return new Client(server)
  },
  async 'mc hash'({ servers }) {
    const { HashClient } = await import('@mc/hash')
    return new HashClient(servers)
  },
}

const [name = '', server = '', redis = '', end] = process.argv.slice(2)
if (name === 'loaded') await import('@mc/client')
if (name === 'nothing' || name === 'loaded') process.exit()
const open = { ...OURS, ...PEERS, ...STORES }[name]
if (open === undefined) throw new Error(`no client ${name}`)
const start = performance.now()
const client = await open({ servers: [server], redis, ca: undefined })
const opened = performance.now()
if (end === 'made') process.exit()
await client.get('key')
console.log(JSON.stringify({ open: opened - start, get: performance.now() - opened }))
process.exit()
