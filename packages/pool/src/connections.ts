import { clearTimeout, setTimeout } from 'node:timers'
import { Backoff, type ClientOptions } from '@mc/client'
import {
  isConnectionError,
  MemcacheClosedError,
  MemcacheConnectError,
  type MemcacheError,
  MemcachePartialError,
  MemcacheTimeoutError,
} from '@mc/protocol'
import { Deadline } from '@mc/protocol/toolkit'
import type { PoolableClient } from './pooled-client-options.ts'

/** What the outcome of a call says of its client's connection, and of connecting to the server at all. */
export class Connections<V, C extends PoolableClient<V>> {
  readonly #server: string
  readonly #backoff: Backoff
  readonly #connectTimeout: number
  /** Clients whose server has answered. */
  readonly #proven = new WeakSet<C>()
  /** Clients that nobody should have again. */
  readonly #broken = new WeakSet<C>()
  /** Clients whose attempt to connect has outlived the call that began it. */
  readonly #connecting = new WeakSet<C>()

  /**
   * @param server - its name
   * @param connectTimeout - milliseconds for a whole attempt to connect
   */
  constructor(
    server: string,
    reconnectDelay: ClientOptions['reconnectDelay'],
    connectTimeout: number,
  ) {
    this.#server = server
    this.#backoff = new Backoff(reconnectDelay ?? {})
    this.#connectTimeout = connectTimeout
  }

  /** @throws MemcacheConnectError while no new client is to connect */
  assertAllowed(): void {
    const cause = this.#backoff.failure
    if (cause === undefined) return
    const place = { server: this.#server, cause, written: false }
    throw new MemcacheConnectError(`waiting to connect again after: ${cause.reason}`, place)
  }

  /** Connects. Unlike a call this does not keep the process alive. */
  connect(client: C): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const message = `no connection within ${this.#connectTimeout} ms`
        reject(new MemcacheConnectError(message, { server: this.#server, written: false }))
      }, this.#connectTimeout).unref()
      Promise.resolve(client.connect?.())
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
  }

  /** Closes, with force if it takes longer than so many milliseconds. @throws whatever its `close` throws */
  async close(client: C, timeout: number): Promise<void> {
    try {
      await new Deadline(timeout).bound(client.close())
    } catch (error) {
      client.destroy?.()
      throw error
    }
  }

  succeeded(client: C): void {
    this.#backoff.succeeded()
    this.#proven.add(client)
  }

  /** @param isRead - whether it does not matter when the server does what the call asked for */
  failed(client: C, error: unknown, isRead: boolean): void {
    // An aborted write that is still on its way must not come behind a newer one of another connection.
    const isSent = client.isConnected !== false && (client.inFlight ?? 0) > 0
    const isWaiting = isConnecting(client, error)
    const isBroken =
      error instanceof MemcacheClosedError ||
      (isSent && !isRead) ||
      (isConnectionError(error) && !isWaiting)
    if (this.#isFailedAttempt(client, error)) this.#backoff.failed(error)
    if (isBroken) {
      this.#broken.add(client)
      // So that the pool need not wait for late replies when it closes the client.
      client.destroy?.()
    } else if (isWaiting) this.#follow(client)
  }

  /** Whether nobody should have the client again. */
  isBroken(client: C): boolean {
    return this.#broken.has(client)
  }

  /** Some servers accept a connection and end it at once. A short timeout says nothing about the server. */
  #isFailedAttempt(client: C, error: unknown): error is MemcacheError {
    if (error instanceof MemcacheConnectError) return true
    const isOver = isConnectionError(error) && !(error instanceof MemcacheTimeoutError)
    return isOver && !this.#proven.has(client)
  }

  /** An attempt to connect counts although nobody waits for it any more. */
  #follow(client: C): void {
    if (client.connect === undefined || this.#connecting.has(client)) return
    this.#connecting.add(client)
    client
      .connect()
      .then(
        () => this.#backoff.succeeded(),
        (error: unknown) => {
          if (error instanceof MemcacheConnectError) this.#backoff.failed(error)
        },
      )
      .finally(() => this.#connecting.delete(client))
  }
}

/** Whether a call ran out of time before its client had a connection to write to. */
function isConnecting(
  { isConnected }: { isConnected?: boolean | undefined },
  error: unknown,
): boolean {
  const cause = error instanceof MemcachePartialError ? error.cause : error
  if (!(cause instanceof MemcacheTimeoutError)) return false
  return isConnected === undefined ? cause.written === false : !isConnected
}
