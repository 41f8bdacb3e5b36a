import { setTimeout as sleep } from 'node:timers/promises'
import fastifyCookie from '@fastify/cookie'
import fastifyRateLimit from '@fastify/rate-limit'
import fastifySession from '@fastify/session'
import { FastifySessionStore } from '@mc/adapters/fastify-session'
import { KeyvMemcache } from '@mc/adapters/keyv'
import { fastifyRateLimitStore } from '@mc/adapters/rate-limit'
import type { MemcacheClient } from '@mc/protocol'
import { type FastifyInstance, fastify } from 'fastify'
import { Keyv } from 'keyv'

declare module 'fastify' {
  interface Session {
    visits?: number
  }
}

interface Quote {
  readonly symbol: string
  readonly price: number
}

/** An API with sessions, prices that are cached, and at most `max` requests of a visitor in a minute. */
export async function createApp(client: MemcacheClient, max: number): Promise<FastifyInstance> {
  const app = fastify()
  const quotes = new Keyv<Quote>({
    store: new KeyvMemcache(client),
    namespace: 'quotes',
    ttl: 60_000,
  })
  // A cache that fails is as good as an empty one.
  quotes.on('error', () => undefined)
  let loads = 0

  async function loadQuote(symbol: string): Promise<Quote> {
    loads++
    await sleep(20) // a slow source
    return { symbol, price: symbol.length * 10 }
  }

  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret: 'a secret of at least 32 characters',
    cookie: { secure: false, maxAge: 1_800_000 },
    saveUninitialized: false,
    store: new FastifySessionStore(client),
  })
  await app.register(fastifyRateLimit, {
    max,
    timeWindow: '1 minute',
    keyGenerator: (request) => String(request.headers['x-api-key']),
    store: fastifyRateLimitStore(client),
    skipOnError: true,
  })

  app.get('/visit', async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
    return { visits: session.visits }
  })

  app.get<{ Params: { symbol: string } }>('/quotes/:symbol', async ({ params: { symbol } }) => {
    const cached = await quotes.get(symbol)
    if (cached !== undefined) return cached
    const quote = await loadQuote(symbol)
    await quotes.set(symbol, quote)
    return quote
  })

  app.get('/loads', { config: { rateLimit: false } }, async () => ({ loads }))

  return app
}
