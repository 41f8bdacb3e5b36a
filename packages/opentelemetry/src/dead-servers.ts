import type { ServerEvent } from '@mc/protocol'

/** Which servers are dead for which clients. */
export class DeadServers {
  readonly #dead = new WeakMap<object, Set<string>>()

  /** How many more are dead by this event: 1, 0 or -1. */
  note({ client, event, server }: ServerEvent): number {
    const dead = this.#dead.get(client) ?? new Set()
    if (event === 'dead') {
      if (dead.has(server)) return 0
      this.#dead.set(client, dead.add(server))
      return 1
    }
    const isOver = event === 'alive' || event === 'removed' || event === 'replaced'
    return isOver && dead.delete(server) ? -1 : 0
  }
}
