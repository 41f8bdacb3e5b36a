import type { MemcacheClient } from '@mc/protocol'

/** A rule: its name, and what must hold of a fresh client. `key` makes keys that no other test uses. */
export interface Rule {
  readonly name: string
  readonly check: (client: MemcacheClient, key: (name?: string) => string) => Promise<void>
}
