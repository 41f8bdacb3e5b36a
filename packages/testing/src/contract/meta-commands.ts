import assert from 'node:assert/strict'
import type { MemcacheClient } from '@mc/protocol'

/** What calls reject with where the server has no meta commands. */
export const UNSUPPORTED = { code: 'MEMCACHE_UNSUPPORTED' }

/** Whether the server has meta commands. @param key - of no item, or any */
export async function hasMetaCommands(client: MemcacheClient, key: string): Promise<boolean> {
  try {
    await client.inspect(key)
    return true
  } catch (error) {
    assert.equal((error as { code?: string }).code, UNSUPPORTED.code)
    return false
  }
}
