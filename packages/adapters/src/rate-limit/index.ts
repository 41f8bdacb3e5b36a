export {
  type FastifyCallback,
  type FastifyHits,
  type FastifyLimits,
  type FastifyRateLimitStore,
  type FastifyRateLimitStoreClass,
  type FastifyRouteLimits,
  fastifyRateLimitStore,
} from './fastify-rate-limit-store.ts'
export { MemcacheRateLimitStore, type RateLimitHits } from './memcache-rate-limit-store.ts'
export type { RateLimitStoreOptions } from './options.ts'
