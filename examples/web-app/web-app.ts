// A web application with a cached page and sessions, asked a few times by itself. Runs on an embedded server, or
// on the first of MEMCACHED_SERVERS; with PORT it listens there until it is stopped.
import { Client } from '@mc/client'
import { FaultProxy, MemcachedServer } from '@mc/testing'
import { createApp } from './app.ts'

const named = process.env.MEMCACHED_SERVERS?.split(',')[0]?.trim() || undefined
const embedded = named ? undefined : await MemcachedServer.start()
const proxy = await FaultProxy.start(named ?? embedded?.name ?? 'localhost')
const cache = new Client(proxy.name, { keyPrefix: 'web-app:' })
const app = createApp(cache)
const address = await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' })
console.log(`listening at ${address}`)

if (!process.env.PORT) {
  const ask = async (path: string, cookie = ''): Promise<Response> =>
    fetch(`${address}${path}`, { headers: { cookie } })
  const article = `/articles/${Date.now()}`

  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(article)))
  const { loads } = (await (await ask('/loads')).json()) as { loads: number }
  console.log(
    `20 requests at once: ${answers.filter(({ ok }) => ok).length} answered, ${loads} loaded`,
  )

  const first = await ask('/visit')
  const cookie = first.headers.get('set-cookie') ?? ''
  await ask('/visit', cookie)
  console.log(`third visit: ${await (await ask('/visit', cookie)).text()}`)

  proxy.inject({ kind: 'stall' })
  const start = performance.now()
  const { ok } = await ask(article)
  const took = performance.now() - start
  console.log(
    `the cache is silent: ${ok ? 'the page came' : 'no page'} ${took < 3000 ? 'in time' : 'late'}`,
  )
  proxy.clear()

  await app.close()
  await cache.close()
  await proxy.stop()
  await embedded?.stop()
}
