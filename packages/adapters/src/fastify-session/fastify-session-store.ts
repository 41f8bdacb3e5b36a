import type { SessionStore } from '@fastify/session'
import type { MemcacheClient } from '@mc/protocol'
import { callBack } from '../kit/callback.ts'
import { SessionItems, type SessionStoreOptions } from '../session/session-items.ts'

type Session = Parameters<SessionStore['set']>[1]

/**
 * A store for @fastify/session. A session that one request has destroyed is not made again by another that is still
 * running.
 */
export class FastifySessionStore implements SessionStore {
  readonly #items: SessionItems

  /** @throws TypeError or RangeError for an invalid option */
  constructor(client: MemcacheClient, options: SessionStoreOptions = {}) {
    this.#items = new SessionItems(client, options)
  }

  /** Calls back with the session, or without one if it is unknown or has expired. */
  get(id: string, callback: (error: unknown, session?: Session | null) => void): void {
    callBack<Session | undefined>(this.#items.get(id) as Promise<Session | undefined>, callback)
  }

  /** Stores the session until its cookie expires. */
  set(id: string, session: Session, callback: (error?: unknown) => void): void {
    callBack(this.#items.set(id, session), callback)
  }

  /** Removes the session. */
  destroy(id: string, callback: (error?: unknown) => void): void {
    callBack(this.#items.destroy(id), callback)
  }
}
