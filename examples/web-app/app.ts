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
    const known = /session=([\w-]{36})/.exec(request.headers.cookie ?? '')?.[1]
    try {
      const session = known && (await cache.gat<Session>(`session:${known}`, SESSION))
      // An id that the cache does not know may be somebody else's trick: not taken over.
      const id = session ? known : randomUUID()
      const visits = session ? session.visits + 1 : 1
      // Awaited: the next request must find it.
      await cache.set(`session:${id}`, { visits }, { expire: SESSION })
      reply.header('set-cookie', `session=${id}; HttpOnly; SameSite=Lax; Path=/`)
      return { visits }
    } catch {
      // Without a cache the page comes all the same, and the visitor keeps the cookie.
      return { visits: 1 }
    }
  })

  return app
}
