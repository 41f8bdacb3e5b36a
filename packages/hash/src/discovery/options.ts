import { type ClientOptions, checkClientOptions, type NativeValue } from '@mc/client'
import type { Address } from '@mc/protocol'
import {
  checkFunction,
  checkMilliseconds,
  checkOneOf,
  checkOptionNames,
  optionNames,
  pickOptions,
} from '@mc/protocol/toolkit'
import {
  HASH_CLIENT_OPTIONS,
  type HashClientOptions,
  serverClientOptions,
} from '../hash-client-options.ts'
import type { ServerClient } from '../server.ts'
import type { NodeNaming } from './named-nodes.ts'
import type { AllowNode } from './node-guard.ts'

/**
 * Options of `DiscoveringHashClient`: those of `HashClient`, and its own. Durations are milliseconds.
 */
export interface DiscoveringHashClientOptions<V = NativeValue>
  extends Omit<HashClientOptions<V>, 'createClient'> {
  /**
   * What nodes are called, and so which keys they have. `'host'`: `host:port`; a node that gets another
   * IP address keeps its keys. `'ip'`: `ip:port`, the placement of pymemcache's AWSDiscoveringHashClient,
   * for clusters shared with it; needs a source that lists IP addresses.
   *
   * @default 'host'
   */
  readonly nodeName?: NodeNaming | undefined
  /**
   * Where connections go: to the IP address in the list, or to the host name, which is looked up at each
   * connect. A node without an IP address is reached by its name. With TLS the name is what is verified
   * and sent as server name, in either case.
   *
   * @default 'ip'
   */
  readonly connectTo?: 'ip' | 'host' | undefined
  /**
   * Between two polls of the source, where its list does not say for how long it is valid, and up to 15 % more
   * or less, by chance. `false`: the source is asked at the start, after failures and by `refresh()` only.
   *
   * @default 60000
   */
  readonly pollInterval?: number | false | undefined
  /**
   * Between polls that failures call for, of a connection to a node or of a poll. Doubles, up to
   * `pollInterval`, with each such poll that finds no change.
   *
   * @default 1000
   */
  readonly minPollInterval?: number | undefined
  /**
   * Whether the client may connect to a node, by the host or IP address that it would connect to. A list
   * is refused as a whole when this returns false for one of its nodes, or throws.
   *
   * Names are not resolved first: only this function can refuse a name that resolves to a local address.
   *
   * @default all but loopback and link-local addresses, unless the source's endpoint is such an address itself
   */
  readonly allowNode?: AllowNode | undefined
  /** For one poll. @default 5000 */
  readonly discoveryTimeout?: number | undefined
  /**
   * Makes the client of one node, in place of `new Client(address, options)`.
   *
   * @param address - where to connect
   * @param options - those of `Client` that were given, with `tls` set up for this node, and its name as `serverName`
   */
  readonly createClient?:
    | ((address: Address, options: ClientOptions<V>) => ServerClient<V>)
    | undefined
}

/** The options of its own with their defaults. */
export interface DiscoverySettings {
  readonly nodeName: NodeNaming
  readonly connectTo: 'ip' | 'host'
  readonly pollInterval: number | false
  readonly minPollInterval: number
  readonly discoveryTimeout: number
  readonly allowNode: AllowNode | undefined
  readonly random: () => number
}

/** @throws TypeError or RangeError for an invalid option */
export function discoverySettings<V>(options: DiscoveringHashClientOptions<V>): DiscoverySettings {
  const {
    nodeName = 'host',
    connectTo = 'ip',
    pollInterval = 60_000,
    allowNode,
    random = Math.random,
  } = options
  return {
    nodeName: checkOneOf('nodeName', nodeName, ['host', 'ip']),
    connectTo: checkOneOf('connectTo', connectTo, ['ip', 'host']),
    pollInterval: pollInterval === false ? false : checkMilliseconds('pollInterval', pollInterval),
    minPollInterval: checkMilliseconds('minPollInterval', options.minPollInterval ?? 1000),
    discoveryTimeout: checkMilliseconds('discoveryTimeout', options.discoveryTimeout ?? 5000),
    allowNode: checkFunction('allowNode', allowNode),
    random: checkFunction('random', random),
  }
}

const DISCOVERING_OPTIONS: ReadonlySet<string> = new Set([
  ...HASH_CLIENT_OPTIONS,
  ...optionNames<Omit<DiscoveringHashClientOptions, keyof HashClientOptions>>({
    nodeName: true,
    connectTo: true,
    pollInterval: true,
    minPollInterval: true,
    allowNode: true,
    discoveryTimeout: true,
  }),
])

/** The options of the `HashClient` that this one is. @throws TypeError for a name that is no option */
export function hashOptions<V>(options: DiscoveringHashClientOptions<V>): HashClientOptions<V> {
  checkOptionNames(options, DISCOVERING_OPTIONS)
  const { createClient, ...own } = options
  const picked = pickOptions(own, HASH_CLIENT_OPTIONS)
  checkFunction('createClient', createClient)
  if (createClient === undefined) return picked
  const ofClient = serverClientOptions(options)
  checkClientOptions(ofClient)
  return { ...picked, createClient: (server) => createClient(server, ofClient) }
}
