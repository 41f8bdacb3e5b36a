import type { MemcacheClient } from '@mc/protocol'
import { outcomesOf } from './at-once.ts'

/** Runs a check on a client of its own, and closes that. Rejects with what the check failed with, if it did. */
export async function withClient<C extends MemcacheClient>(
  create: () => C | Promise<C>,
  check: (client: C) => Promise<void>,
): Promise<void> {
  const client = await create()
  try {
    await check(client)
  } catch (error) {
    // The `close` of a client that breaks rules may reject or hang as well, and would hide which rule it broke.
    void outcomesOf([() => client.close()])
    throw error
  }
  await client.close()
}
