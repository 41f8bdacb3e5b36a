// What the other packages of the family are built with. It is exported for them, and may change in a minor version.

export { dataLength, plainBytes, type TextBuffer } from './bytes.ts'
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
export { currentTrace, isTraced, partOf, traceCall, traceMethods } from './client/call-trace.ts'
export { CallerStack } from './client/caller-stack.ts'
export { captureCalls } from './client/captured-calls.ts'
export { eventChannel, tracingChannelOf } from './client/channels.ts'
export { Deadline, startTimer } from './client/deadline.ts'
export { checkEventNames } from './client/event-names.ts'
export { Ignoring } from './client/ignoring.ts'
export { showAs } from './client/inspection.ts'
export { checkLease } from './client/leases.ts'
export { checkOptionNames, optionNames, pickOptions } from './client/option-names.ts'
export {
  CALL_OPTIONS,
  COMMAND_CLIENT_OPTIONS,
  checkCallOptions,
  commandClientSettings,
} from './client/options.ts'
export { Refusals } from './client/refusals.ts'
export { serverNameOf } from './client/server-name.ts'
export { hasSubscribers } from './client/subscribers.ts'
export { traced } from './client/traced.ts'
export { onAbort } from './client/watch-signal.ts'
export { clock, STALL } from './clock.ts'
export { errorOfReply } from './command.ts'
export { GetCommand } from './commands/get.ts'
export { GetLine } from './commands/get-line.ts'
export { GetManyCommand } from './commands/get-many.ts'
export {
  CounterCommand,
  DeleteCommand,
  LineCommand,
  MetaNoopCommand,
  OkCommand,
  QuitCommand,
  ShutdownCommand,
  TouchCommand,
  VersionCommand,
} from './commands/line.ts'
export { StatsCommand } from './commands/stats.ts'
export { StoreCommand, type StoreVerb } from './commands/storage.ts'
export { closedError } from './errors.ts'
export { isAbortSignal, isError, isPromise, kindOf, messageOf, toError } from './foreign.ts'
export { hashedKey } from './hashed-key.ts'
export { checkCas, checkDelay, checkFlags, checkInteger, toExptime, toUint64 } from './integer.ts'
export { routedKey, shownKey, wireKeyBytes } from './key.ts'
export { entryPairs, keyList } from './many-keys.ts'
export { OPAQUES } from './opaque.ts'
export { isOwnCas, Peer } from './peer.ts'
export { AUTHS, isLoginWord } from './server-url.ts'
export { statValue } from './stats.ts'
