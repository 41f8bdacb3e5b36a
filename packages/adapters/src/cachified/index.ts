export { CachifiedMemcache, type CachifiedMemcacheOptions } from './cachified-memcache.ts'
