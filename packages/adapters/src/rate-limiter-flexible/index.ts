export { MemcacheRateLimiter, type MemcacheRateLimiterOptions } from './memcache-rate-limiter.ts'
