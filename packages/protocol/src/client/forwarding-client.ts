import type { Lease } from '../lease-methods.ts'
import type {
  CommandOptions,
  ItemKey,
  Key,
  MemcacheClient,
  ServerCommands,
  ValueWithCas,
} from '../memcache-client.ts'
import { type ClientMethod, METHODS, type MethodTraits } from '../methods.ts'
import { Announcer } from './announcer.ts'
import { partOf, traceMethods } from './call-trace.ts'
import { optionNames } from './option-names.ts'

type Call = (client: object, options: CommandOptions | undefined) => Promise<unknown>
type Method = (...args: unknown[]) => Promise<unknown>
type Receiver = Record<ClientMethod, Method>

// The loop at the end of this file defines what the interfaces declare.
// biome-ignore-start lint/correctness/noUnusedVariables: an interface has the type parameters of its class
export interface ForwardingClient<
  V,
  C extends MemcacheClient<V>,
  E extends Record<keyof E, unknown[]>,
> extends MemcacheClient<V> {
  getMany<T = V>(keys: Iterable<string>, options?: CommandOptions): Promise<Map<string, T>>
  getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>>
  getsMany<T = V>(
    keys: Iterable<string>,
    options?: CommandOptions,
  ): Promise<Map<string, ValueWithCas<T>>>
  getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>>
}

/**
 * A client that hands its calls to others: every method of `MemcacheClient`, over one `forward`. Extend it for
 * a wrapper of your own, and override the methods that differ.
 *
 * @typeParam V - the values that it takes and gives
 * @typeParam C - the clients that it hands calls to
 * @typeParam E - its events
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the loop defines the methods of the interface
export abstract class ForwardingClient<
  V = unknown,
  C extends MemcacheClient<V> = MemcacheClient<V>,
  E extends Record<keyof E, unknown[]> = Record<never, never>,
> extends Announcer<E> {
  /**
   * Carries out a call.
   *
   * @param key - of a call of one key, by which a server can be chosen; else `undefined`
   * @param options - as the caller gave them
   * @param call - makes the call on a client, with the options that it is to have there
   */
  protected abstract forward<R, O extends CommandOptions>(
    method: MethodTraits,
    key: Key | undefined,
    options: O | undefined,
    call: (client: C, options: O | undefined) => Promise<R>,
  ): Promise<R>

  abstract readonly maxKeyLength: number
  abstract quit(): Promise<void>
  abstract close(): Promise<void>

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

export interface ServerForwardingClient<
  V,
  C extends MemcacheClient<V> & ServerCommands,
  E extends Record<keyof E, unknown[]>,
> extends ServerCommands {}

/** A `ForwardingClient` in front of clients of one server, with their `ServerCommands`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the loop defines the methods of the interface
export abstract class ServerForwardingClient<
  V = unknown,
  C extends MemcacheClient<V> & ServerCommands = MemcacheClient<V> & ServerCommands,
  E extends Record<keyof E, unknown[]> = Record<never, never>,
> extends ForwardingClient<V, C, E> {}

// biome-ignore-end lint/correctness/noUnusedVariables: an interface has the type parameters of its class

const SERVER_COMMANDS = optionNames<ServerCommands>({
  stats: true,
  version: true,
  verbosity: true,
  cacheMemlimit: true,
  shutdown: true,
  rawCommand: true,
})

/** What a forwarding client has of its own. */
interface Forwarder {
  forward(
    method: MethodTraits,
    key: Key | undefined,
    options: CommandOptions | undefined,
    call: Call,
  ): Promise<unknown>
}

const KEY_OF: Readonly<Record<MethodTraits['takes'], (first: unknown) => Key | undefined>> = {
  key: (key) => key as Key,
  lease: (lease) => (lease as Partial<Lease> | undefined)?.key,
  keys: () => undefined,
  entries: () => undefined,
  nothing: () => undefined,
}

for (const method of Object.values(METHODS)) {
  const { name } = method
  const { prototype } = SERVER_COMMANDS.has(name) ? ServerForwardingClient : ForwardingClient
  const value = forwarder(method)
  Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
}
traceMethods(ForwardingClient.prototype)
traceMethods(ServerForwardingClient.prototype)

/** One for each number of arguments: to gather and spread them would take longer than the rest. */
function forwarder(method: MethodTraits): Method {
  const { name, takes, optionsAt } = method
  const keyOf = KEY_OF[takes]
  switch (optionsAt) {
    case 0:
      return function (this: Forwarder, options) {
        return this.forward(
          method,
          undefined,
          options as CommandOptions,
          partOf((client, own) => (client as Receiver)[name](own)),
        )
      } as Method
    case 1:
      return function (this: Forwarder, a, options) {
        return this.forward(
          method,
          keyOf(a),
          options as CommandOptions,
          partOf((client, own) => (client as Receiver)[name](a, own)),
        )
      } as Method
    case 2:
      return function (this: Forwarder, a, b, options) {
        return this.forward(
          method,
          keyOf(a),
          options as CommandOptions,
          partOf((client, own) => (client as Receiver)[name](a, b, own)),
        )
      } as Method
    case 3:
      return function (this: Forwarder, a, b, c, options) {
        return this.forward(
          method,
          keyOf(a),
          options as CommandOptions,
          partOf((client, own) => (client as Receiver)[name](a, b, c, own)),
        )
      } as Method
    case undefined:
      return function (this: Forwarder, ...args) {
        return this.forward(
          method,
          undefined,
          undefined,
          partOf((client) => (client as Receiver)[name](...args)),
        )
      } as Method
  }
}
