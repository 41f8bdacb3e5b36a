import { eventChannel } from '@mc/protocol/toolkit'
import type { HashClientEvents } from './cluster.ts'

const servers = eventChannel('mc:server')

/** The names of the events of `HashClient`. */
export const HASH_CLIENT_EVENTS: Readonly<Record<keyof HashClientEvents, true>> = {
  ...{ failing: true, dead: true, alive: true },
  ...{ added: true, removed: true, replaced: true, error: true },
}

/** Publishes an event of a `HashClient`, if anybody listens. */
export function publishServerEvent<K extends keyof HashClientEvents>(
  client: object,
  event: K,
  args: HashClientEvents[K],
): void {
  if (!servers.hasSubscribers) return
  // An `error` has its error first, the others their server.
  const [server, error] = (event === 'error' ? [args[1], args[0]] : args) as [string, Error?]
  servers.publish({ client, event, server, error })
}
