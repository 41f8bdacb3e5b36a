import { MemcachedServer, memcached, type TestServer } from '../../src/index.ts'

/** Two servers that are to answer alike. */
export interface ServerPair {
  readonly embedded: TestServer
  readonly real: TestServer
}

/**
 * The thread that sorts items by use holds some of them for a moment, which shows in how counters are
 * written.
 */
export const WITHOUT_BACKGROUND: string[] = ['-t', '1', '-o', 'no_lru_maintainer']

/** @param clockOf - makes the clock of the embedded server, in milliseconds of Unix time, for the other server */
export async function startPair(
  clockOf?: (real: TestServer) => Promise<() => number>,
): Promise<ServerPair> {
  const real = await memcached.start({ args: WITHOUT_BACKGROUND })
  const embedded = await MemcachedServer.start({ now: await clockOf?.(real) })
  return { embedded, real }
}

export async function stopPair({ embedded, real }: ServerPair): Promise<void> {
  await Promise.all([embedded.stop(), real.stop()])
}
