// What users of any client name in their own code. Each client's package exports it as well, so that it is enough to
// install that one.

export type { Address, ServerSpec } from './address.ts'
export {
  isConnectionError,
  isIgnorableError,
  MemcacheClientError,
  MemcacheClosedError,
  MemcacheConnectError,
  MemcacheCounterRangeError,
  MemcacheError,
  type MemcacheErrorOptions,
  MemcacheIllegalInputError,
  MemcacheOverloadError,
  MemcachePartialError,
  MemcacheSerdeError,
  type MemcacheSerdeErrorOptions,
  MemcacheServerError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
  MemcacheUnknownCommandError,
  MemcacheUnknownError,
} from './errors.ts'
export type {
  CasToken,
  CommandOptions,
  Count,
  DefaultTo,
  Entries,
  Expire,
  FlushOptions,
  GetOptions,
  ItemKey,
  Key,
  MemcacheClient,
  RawCommandOptions,
  ServerCommands,
  Stats,
  StatValue,
  StoreOptions,
  ValueWithCas,
  WriteOptions,
} from './memcache-client.ts'
export type { Serde, SerializedValue } from './serde.ts'
