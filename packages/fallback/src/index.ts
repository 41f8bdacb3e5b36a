export { FallbackClient, type FallbackClientOptions } from './fallback-client.ts'
export type { LevelCounters } from './level.ts'
