import type { MemcacheError } from '@mc/protocol'

/**
 * `idle`: nothing was to be sent yet, or the connection is gone. `waiting`: an attempt to connect failed, and
 * commands reject until the next one is due.
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed'

/** What a dispatcher tells its owner. Listeners may throw without harm to it. */
export interface DispatcherListener {
  onConnect(isFirst: boolean): void
  onDisconnect(error: MemcacheError): void
}
