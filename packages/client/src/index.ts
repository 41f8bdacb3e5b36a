export { Backoff } from './backoff.ts'
export { Client, type ClientEvents, type ClientState, type NativeValue } from './client.ts'
export { CLIENT_OPTIONS, type ClientOptions, checkClientOptions } from './options.ts'
export {
  type ErrorClass,
  RetryingClient,
  type RetryingClientConstructor,
  type RetryingClientOptions,
} from './retrying-client.ts'
export type { CommandTrace, ConnectTrace } from './tracing.ts'
