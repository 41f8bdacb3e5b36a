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
const WITHOUT_BACKGROUND = ['-t', '1', '-o', 'no_lru_maintainer']

/** @param now - clock of the embedded server, in milliseconds of Unix time */
export async function startPair(binary: string, now?: () => number): Promise<ServerPair> {
  const [embedded, real] = await Promise.all([
    MemcachedServer.start({ now }),
    memcached.start({ binary, args: WITHOUT_BACKGROUND }),
  ])
  return { embedded, real }
}

export async function stopPair({ embedded, real }: ServerPair): Promise<void> {
  await Promise.all([embedded.stop(), real.stop()])
}
