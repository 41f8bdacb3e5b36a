export * from '@mc/protocol/vocabulary'
export { FallbackClient } from './fallback-client.ts'
export type { LevelCounters } from './level.ts'
export type { FallbackClientOptions } from './options.ts'
