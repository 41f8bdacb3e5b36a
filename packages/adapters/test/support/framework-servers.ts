import { SERVERS, type ServerKind } from './servers.ts'

/** For tests that load frameworks: what an adapter does in text is tested without them. */
export const FRAMEWORK_SERVERS: readonly ServerKind[] = SERVERS.filter(
  ({ options }) => options.dialect !== 'text',
)
