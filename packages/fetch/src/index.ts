export { FetchClient, type FetchClientEvents } from './fetch-client.ts'
export type {
  FetchDefaults,
  FetchOptions,
  LoadContext,
  LoadManyContext,
} from './options.ts'
export type { Schema, SchemaResult } from './schema.ts'
export type {
  FetchCounters,
  FetchOutcome,
  FetchTrace,
  LoadReason,
  LoadTrace,
  Stored,
} from './telemetry.ts'
