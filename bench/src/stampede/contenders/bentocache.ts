import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import { type Contender, KEY, STALE } from './contender.ts'

/** With its locks within a process: on Redis alone, and with its near cache, its bus and its grace period. */
export const BENTOCACHE: readonly Contender[] = [
  { name: 'bentocache', store: 'redis-server', open: opener(false) },
  { name: 'bentocache, near and stale', store: 'redis-server', open: opener(true) },
]

function opener(isNear: boolean): Contender['open'] {
  return ({ server, expire, timeout }, load) => {
    const connection = new Redis(`redis://${server}`, timeout ? { commandTimeout: timeout } : {})
    const store = bentostore().useL2Layer(redisDriver({ connection }))
    if (isNear) {
      const [host = '', port = ''] = server.split(':')
      store.useL1Layer(memoryDriver({}))
      store.useBus(redisBusDriver({ connection: { host, port: Number(port) } }))
    }
    const cache = new BentoCache({
      default: 'it',
      stores: { it: store },
      ttl: expire * 1000,
      suppressL2Errors: true,
      // A timeout of 0 answers the old value at once and loads in the background.
      ...(isNear && { grace: STALE * 1000, timeout: 0 }),
    })
    return {
      read: () => cache.getOrSet({ key: KEY, factory: load }),
      invalidate: () => cache.delete({ key: KEY }),
    }
  }
}
