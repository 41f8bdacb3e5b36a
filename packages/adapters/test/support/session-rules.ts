import { type EventEmitter, once } from 'node:events'
import type { Client } from '@mc/client'
import { describe, expect, test } from 'vitest'
import { FRAMEWORK_SERVERS } from './framework-servers.ts'
import { serverWithClients } from './servers.ts'

/** A visitor of an application with sessions, who keeps the cookie. */
export interface Visitor {
  /** The text of a page, or the status of a request that failed. */
  readonly get: (path: string) => Promise<string | number>
  /** Emits `running` once a request for `/slow` is under way, which ends with `finish`. */
  readonly slow: EventEmitter
}

/** What sessions of any framework do, whose store is over the client. */
export function sessionRules(name: string, visit: (client: Client) => Promise<Visitor>): void {
  for (const kind of FRAMEWORK_SERVERS) {
    describe(`the store of ${name} on ${kind.name}`, { tags: [...kind.tags] }, () => {
      test('keeps what a session holds, and forgets it at logout', async () => {
        const { client } = await serverWithClients(kind, 1)
        const { get } = await visit(client)
        expect(await get('/user')).toBe('nobody')
        await get('/login')
        const pages = [await get('/user'), await get('/view'), await get('/view')]
        expect(pages).toEqual(['ann', '1', '2'])
        await get('/logout')
        expect([await get('/user'), await get('/view')]).toEqual(['nobody', '1'])
      })

      test('keeps out who has logged out while a slow request was running', async () => {
        const { client } = await serverWithClients(kind, 1)
        const { get, slow } = await visit(client)
        await get('/login')
        const running = once(slow, 'running')
        const finished = get('/slow')
        await running
        await get('/logout')
        slow.emit('finish')
        expect([await finished, await get('/user')]).toEqual(['done', 'nobody'])
      })
    })
  }
}
