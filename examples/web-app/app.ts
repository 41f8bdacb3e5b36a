import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MemcacheClient } from '@mc/protocol'
import { type FastifyInstance, fastify } from 'fastify'
import { Cached } from './cached.ts'

/** Seconds without a request after which a session is over. */
const SESSION = 1800

interface Session {
  readonly visits: number
}

/** A web application with a cached page and sessions. */
export function createApp(cache: MemcacheClient): FastifyInstance {
  const app = fastify()
  const cached = new Cached(cache)
  let loads = 0

  async function loadArticle(id: string): Promise<{ id: string; text: string }> {
    loads++
    await sleep(100) // a slow database
    return { id, text: `The article ${id}.` }
  }

  app.get<{ Params: { id: string } }>('/articles/:id', (request) => {
    const { id } = request.params
    return cached.get(`article:${id}`, 60, () => loadArticle(id))
  })

  app.get('/loads', () => ({ loads }))

  // A session lives as long as requests come: gat reads it and sets its end anew.
  app.get('/visit', async (request, reply) => {
    const [, known] = /session=([\w-]+)/.exec(request.headers.cookie ?? '') ?? []
    const id = known ?? randomUUID()
    const key = `session:${id}`
    const session = await cache.gat<Session>(key, SESSION).catch(() => undefined)
    const visits = (session?.visits ?? 0) + 1
    // Awaited: the next request must find it. Without a cache the page comes all the same.
    await cache.set(key, { visits }, { expire: SESSION }).catch(() => undefined)
    reply.header('set-cookie', `session=${id}; HttpOnly; SameSite=Lax; Path=/`)
    return { visits }
  })

  return app
}
