import { PooledClient } from '@mc/pool'

/** A call that a pool of one refuses, and a connection made in place of one that has ended. */
export async function useSmallPool(server: string): Promise<void> {
  await using pool = new PooledClient(server, { maxPoolSize: 1, maxWaiting: 0 })
  await Promise.allSettled([pool.get('a'), pool.get('b')])
  await pool.use(async (client) => {
    await client.quit()
    await client.get('a')
  })
}
