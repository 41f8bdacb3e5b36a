import type { CommandOptions, Lease, MemcacheClient } from '@mc/protocol'
import { idOf } from './key-id.ts'

/**
 * Whether this process is the one to load in place of another that does not answer. All that wait come to this at about
 * the same time, and a lease of its own lets one of them load. The item itself must not change: whoever has won it may
 * yet store.
 *
 * @param timeout - milliseconds for which no other process may take over
 */
export async function takeOver(
  client: MemcacheClient,
  { key, cas }: Lease,
  timeout: number,
  options: CommandOptions,
): Promise<boolean> {
  // Loaded where it is used: most programs never take over.
  const { hash } = process.getBuiltinModule('node:crypto')
  const digest = hash('sha256', `${cas} ${idOf(key)}`, 'base64url')
  const seconds = Math.min(2_592_000, Math.ceil(timeout / 1000))
  try {
    const { alreadyWon } = await client.lease(`mc:takeover:${digest}`, { ...options, seconds })
    return !alreadyWon
  } catch {
    // If the cache fails, all that wait would load at once. The next read says how it is.
    return false
  }
}
