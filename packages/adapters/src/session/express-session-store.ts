import type { MemcacheClient } from '@mc/protocol'
import { type SessionData, Store } from 'express-session'
import { callBack } from '../kit/callback.ts'
import { SessionItems, type SessionStoreOptions } from './session-items.ts'

/**
 * A store for express-session. Touching a session changes its expiry and leaves what is stored; a session that one request
 * has destroyed is not made again by another that is still running.
 *
 * memcached cannot list items: there is no `all`, `length` or `clear`.
 */
export class ExpressSessionStore extends Store {
  readonly #items: SessionItems

  /** @throws TypeError or RangeError for an invalid option */
  constructor(client: MemcacheClient, options: SessionStoreOptions = {}) {
    super()
    this.#items = new SessionItems(client, options)
  }

  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    callBack<SessionData | undefined>(
      this.#items.get(id) as Promise<SessionData | undefined>,
      callback,
    )
  }

  override set(id: string, session: SessionData, callback?: (error?: unknown) => void): void {
    callBack(this.#items.set(id, session), callback)
  }

  override touch(id: string, session: SessionData, callback?: (error?: unknown) => void): void {
    callBack(this.#items.touch(id, session), callback)
  }

  override destroy(id: string, callback?: (error?: unknown) => void): void {
    callBack(this.#items.destroy(id), callback)
  }
}
