export { collectMemcacheMetrics, type MemcacheMetricsOptions } from './collect.ts'
