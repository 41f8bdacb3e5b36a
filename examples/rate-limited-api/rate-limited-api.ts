// An API with rate limits, sessions and a cache behind Keyv over three embedded servers, one of which is stopped midway. Requests
// come from the program itself; with PORT it listens there until it is stopped.
import { retrying } from '@mc/client'
import { HashClient } from '@mc/hash'
import { MemcachedServer } from '@mc/testing'
import { createApp } from './app.ts'

const LIMIT = 22
const VISITORS = Array.from({ length: 6 }, (_, index) => `visitor-${index}`)
const SYMBOLS = Array.from({ length: 6 }, (_, index) => `S${index}`)

const servers = await Promise.all([1, 2, 3].map(() => MemcachedServer.start()))
// The command that finds a server dead is sent again, to the server that takes over.
const client = retrying(
  new HashClient(
    servers.map(({ name }) => name),
    { retryAttempts: 0 },
  ),
  { attempts: 2 },
)
const app = await createApp(client, LIMIT)
const address = await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' })
console.log(`listening at ${address}`)

const cookies = new Map<string, string>()

async function ask(visitor: string, path: string): Promise<Response> {
  const headers = { 'x-api-key': visitor, cookie: cookies.get(visitor) ?? '' }
  const response = await fetch(address + path, { headers })
  const cookie = response.headers.get('set-cookie')?.split(';')[0]
  if (cookie !== undefined) cookies.set(visitor, cookie)
  return response
}

/** Every visitor comes and looks at all quotes. */
async function round(): Promise<void> {
  const visits: number[] = []
  const statuses = new Map<number, number>()
  for (const visitor of VISITORS) {
    const visit = (await (await ask(visitor, '/visit')).json()) as { visits?: number }
    visits.push(visit.visits ?? 0)
    const answers = await Promise.all(SYMBOLS.map((symbol) => ask(visitor, `/quotes/${symbol}`)))
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  const { loads } = (await (await fetch(`${address}/loads`)).json()) as { loads: number }
  const answered = [...statuses].map(([status, count]) => `${count} with ${status}`).join(', ')
  console.log(`  visits: ${visits.join(' ')}\n  quotes: ${answered}; ${loads} loaded so far`)
}

if (!process.env.PORT) {
  console.log('two rounds on three servers')
  await round()
  await round()

  await servers[0]?.stop()
  console.log(`${servers[0]?.name} is stopped: what it held begins anew, on the others`)
  await round()

  const answers = await Promise.all(
    Array.from({ length: LIMIT + 1 }, () => ask('newcomer', '/quotes/S0')),
  )
  const allowed = answers.filter(({ ok }) => ok).length
  console.log(`a newcomer asks ${LIMIT + 1} times at once: ${allowed} are answered`)

  await app.close()
  await client.close()
  await Promise.all(servers.map((server) => server.stop()))
}
