export { type MemcacheDriverOptions, memcacheDriver } from './memcache-driver.ts'
