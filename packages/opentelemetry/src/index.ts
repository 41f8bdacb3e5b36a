export {
  MemcacheInstrumentation,
  type MemcacheInstrumentationConfig,
} from './memcache-instrumentation.ts'
