import type { MemcacheClient, ServerCommands } from '@mc/protocol'

/** A method that the mock notes: any that speaks to a server. */
export type MockMethod = Exclude<
  keyof MemcacheClient | keyof ServerCommands,
  'quit' | 'close' | symbol
>

export const METHODS: readonly MockMethod[] = [
  'get',
  'gets',
  'getMany',
  'getsMany',
  'gat',
  'gats',
  'set',
  'setMany',
  'add',
  'replace',
  'append',
  'prepend',
  'cas',
  'incr',
  'decr',
  'touch',
  'delete',
  'deleteMany',
  'flushAll',
  'stats',
  'version',
  'verbosity',
  'cacheMemlimit',
  'shutdown',
  'rawCommand',
]
