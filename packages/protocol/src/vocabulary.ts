// What users of any client name in their own code. Each client's package exports it as well, so that it is enough to
// install that one.

export type { AccessGiver, Address, ServerSpec } from './address.ts'
export {
  isConnectionError,
  isIgnorableError,
  MemcacheClientError,
  MemcacheClosedError,
  MemcacheConnectError,
  MemcacheCounterRangeError,
  MemcacheError,
  type MemcacheErrorCode,
  type MemcacheErrorOptions,
  MemcacheIllegalInputError,
  MemcacheLoadTimeoutError,
  MemcacheOverloadError,
  MemcachePartialError,
  MemcacheSerdeError,
  type MemcacheSerdeErrorOptions,
  MemcacheServerError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
  MemcacheUnknownCommandError,
  MemcacheUnknownError,
  MemcacheUnsupportedError,
} from './errors.ts'
export type {
  FillOptions,
  InvalidateOptions,
  Lease,
  Leased,
  LeaseKind,
  LeaseMethods,
  LeaseOptions,
} from './lease-methods.ts'
export type {
  CasOptions,
  CasToken,
  CommandOptions,
  Count,
  CounterOptions,
  DefaultTo,
  Deleted,
  DeleteManyOptions,
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
export type {
  Exact,
  ItemFields,
  ItemMetadata,
  LeaseState,
  MetaArithmeticOptions,
  MetaCounter,
  MetaDeleteOptions,
  MetaGetOptions,
  MetaItem,
  MetaMethods,
  MetaSetMode,
  MetaSetOptions,
  MetaStored,
  Told,
} from './meta-methods.ts'
export type { MetadumpItem, MetadumpSelection } from './metadump.ts'
export type { Serde, SerializedValue } from './serde.ts'
export type {
  GeneralStats,
  ItemsStats,
  SettingsStats,
  SlabsStats,
  StatsOf,
} from './server-stats.ts'
export type { Auth, ServerAccess } from './server-url.ts'
export type {
  AcquireTrace,
  CommandTrace,
  ConnectTrace,
  DisconnectEvent,
  EventChannels,
  PoolEvent,
  RequestTrace,
  ServerEvent,
  TracingChannels,
} from './telemetry.ts'
export type {
  ConnectionEvent,
  DeletedEvent,
  EvictionEvent,
  ItemGetEvent,
  ItemStoreEvent,
  OtherEvent,
  SkippedEvent,
  WatchEvent,
  WatchTopic,
} from './watch-event.ts'
