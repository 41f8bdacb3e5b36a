export { type Address, addressName, parseAddress, type ServerSpec } from './address.ts'
export { dataLength, plainBytes } from './bytes.ts'
export {
  checkBoolean,
  checkFunction,
  checkMilliseconds,
  checkNumber,
  checkObject,
  checkOneOf,
  MAX_TIMER,
  mustBe,
  type NumberRange,
} from './check.ts'
export { Announcer } from './client/announcer.ts'
export { CallerStack } from './client/caller-stack.ts'
export { captureCalls } from './client/captured-calls.ts'
export { CommandClient, type CommandClientEvents } from './client/command-client.ts'
export { Deadline, startTimer } from './client/deadline.ts'
export { ForwardingClient, ServerForwardingClient } from './client/forwarding-client.ts'
export { orIgnored } from './client/ignoring.ts'
export { showAs } from './client/inspection.ts'
export { checkOptionNames, optionNames, pickOptions } from './client/option-names.ts'
export {
  CALL_OPTIONS,
  COMMAND_CLIENT_OPTIONS,
  type CommandClientOptions,
  checkCallOptions,
  commandClientSettings,
} from './client/options.ts'
export { onAbort } from './client/watch-signal.ts'
export { Command, type Dialect, errorOfReply } from './command.ts'
export { GetCommand } from './commands/get.ts'
export { GetLine } from './commands/get-line.ts'
export { GetManyCommand } from './commands/get-many.ts'
export {
  CounterCommand,
  DeleteCommand,
  MetaNoopCommand,
  OkCommand,
  QuitCommand,
  ShutdownCommand,
  TouchCommand,
  VersionCommand,
} from './commands/line.ts'
export {
  MetaCommand,
  type MetaReply,
  type MetaRequest,
  type MetaVerb,
} from './commands/meta.ts'
export { RawCommand } from './commands/raw.ts'
export { StatsCommand } from './commands/stats.ts'
export { StoreCommand, type StoreVerb } from './commands/storage.ts'
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
export { isAbortSignal, isError, isPromise, kindOf, messageOf, toError } from './foreign.ts'
export { checkCas, checkDelay, checkFlags, checkInteger, toDelta, toExptime } from './integer.ts'
export {
  itemKey,
  KeyEncoder,
  type KeyRules,
  MAX_KEY_LENGTH,
  shownKey,
  type WireKey,
  wireKeyBytes,
} from './key.ts'
export { entryPairs, keyList } from './many-keys.ts'
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
export { CLIENT_METHODS, type ClientMethod, METHODS, type MethodTraits } from './methods.ts'
export { OPAQUES } from './opaque.ts'
export { ReplyKind } from './reply-kind.ts'
export { ReplyParser, type ReplyParserOptions } from './reply-parser.ts'
export { RequestWriter } from './request-writer.ts'
export type { Serde, SerializedValue } from './serde.ts'
export { statValue } from './stats.ts'
