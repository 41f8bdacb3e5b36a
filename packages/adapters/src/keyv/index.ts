export { type KeyvEntry, KeyvMemcache, type KeyvMemcacheOptions } from './keyv-memcache.ts'
