import { Client, type ClientOptions, type NativeValue } from '@mc/client'
import { type Address, addressName, MemcacheClosedError, MemcacheError } from '@mc/protocol'
import { messageOf, mustBe } from '@mc/protocol/toolkit'
import type { HashClientEvents, ServerChanges } from '../cluster.ts'
import { HashClient } from '../hash-client.ts'
import { serverClientOptions } from '../hash-client-options.ts'
import type { PreparedClient, ServerClient } from '../server.ts'
import { isListSource, type ListedServers, ListSource } from './list-source.ts'
import { isUnmoved, type NamedNode, nodesByName } from './named-nodes.ts'
import { nodeAddress, nodeOptions } from './node-client.ts'
import { checkNode } from './node-guard.ts'
import {
  type DiscoveringHashClientOptions,
  type DiscoverySettings,
  discoverySettings,
  hashOptions,
} from './options.ts'
import { Poller, type PollOutcome } from './poller.ts'
import { type DiscoverySource, MemcacheDiscoveryError, type NodeList } from './source.ts'
import { VersionGuard } from './version-guard.ts'

/**
 * A `HashClient` whose servers are the nodes that a source lists, and follow its changes.
 *
 * The client polls the source at the first command, `connect()` or `refresh()`, then at intervals, and at once
 * when a connection to a node fails. It adds new nodes (event `added`). It closes nodes that have left when
 * their commands have finished (`removed`). It connects to the new IP address of a node whose address has
 * changed; the node keeps its keys (`replaced`).
 *
 * A poll that fails changes nothing, and emits `error` with a `MemcacheDiscoveryError` and the name of the
 * source. Commands wait for the first list, within their timeout; if the poll for it fails they reject at once
 * until the next attempt.
 *
 * @typeParam V - the values that the serde takes and gives
 */
export class DiscoveringHashClient<V = NativeValue> extends HashClient<V> {
  readonly #source: DiscoverySource
  readonly #settings: DiscoverySettings
  readonly #options: ClientOptions<V>
  readonly #poller: Poller
  readonly #versions = new VersionGuard()
  readonly #createClient: DiscoveringHashClientOptions<V>['createClient']
  /** The current nodes, by name. */
  #nodes: ReadonlyMap<string, NamedNode> = new Map()
  /** Closes, in progress, of clients that are no longer used. */
  readonly #leaving = new Set<Promise<void>>()
  /** Ends the wait for changes of the source. */
  #following: AbortController | undefined

  /**
   * @param source - `dnsServers(name)`, `fileServers(path)`, lists that come one after another, or a source of your own
   * @throws TypeError or RangeError for an invalid option, MemcacheIllegalInputError for a prefix
   */
  constructor(
    source: DiscoverySource | AsyncIterable<ListedServers>,
    options: DiscoveringHashClientOptions<V> = {},
  ) {
    super([], hashOptions(options))
    this.#source = sourceOf(source)
    this.#settings = discoverySettings(options)
    this.#options = serverClientOptions(options)
    this.#createClient = options.createClient
    const { pollInterval, minPollInterval, discoveryTimeout, random } = this.#settings
    this.#poller = new Poller(
      {
        interval: pollInterval,
        minInterval: minPollInterval,
        timeout: discoveryTimeout,
        random,
      },
      (signal) => this.#discover(signal),
      (error) => this.announce('error', error, this.#source.name),
    )
  }

  /** The current nodes and the version of their list; `undefined` before the first list. */
  get nodeList(): NodeList | undefined {
    if (this.#nodes.size === 0) return undefined
    const nodes = Array.from(this.#nodes.values(), ({ namedBy, ...node }) => node)
    return { version: this.#versions.current, nodes }
  }

  /**
   * Polls the source now, however recent the last poll is, and applies its list.
   *
   * @throws MemcacheDiscoveryError when the poll fails; the nodes stay as they are
   */
  async refresh(): Promise<NodeList> {
    await ofThisCall(this.#poller.pollAnew())
    return this.nodeList as NodeList
  }

  /**
   * Connects to all nodes now rather than at the first command; polls the source first if no nodes are known.
   *
   * @throws MemcacheDiscoveryError when no nodes are known and the poll fails
   */
  override async connect(): Promise<void> {
    if (this.nodeList === undefined) await ofThisCall(this.#poller.poll())
    await super.connect()
  }

  /** Stops polling, lets commands in flight finish, also those of nodes that left, then closes for good. */
  override async close(): Promise<void> {
    this.#following?.abort()
    // Until the first list there may be commands that wait for it.
    if (this.nodeList !== undefined) this.#poller.stop()
    await super.close()
    this.#poller.stop()
    await Promise.all(this.#leaving)
  }

  /** Emits an event. */
  protected override announce<K extends keyof HashClientEvents>(
    event: K,
    ...args: HashClientEvents[K]
  ): void {
    // Not by a listener, which the user could remove with their own.
    if (event === 'failing' || event === 'dead') this.#poller.pollSoon()
    super.announce(event, ...args)
  }

  /** Also of a server that the user adds or replaces, which may be a node. */
  protected override changeServers(
    changes: ServerChanges,
    prepareClient = (named: Address): PreparedClient<V> => this.#nodeClientMaker(named)(),
  ): Map<string, Promise<void>> {
    return super.changeServers(changes, prepareClient)
  }

  protected override awaitServers(): Promise<void> | undefined {
    if (this.nodeList !== undefined) return undefined
    const { failure } = this.#poller
    return ofThisCall(failure === undefined ? this.#poller.poll() : Promise.reject(failure))
  }

  /** Polls when the source announces a change. If that fails, the polls at intervals go on. */
  async #follow(): Promise<void> {
    if (this.#following !== undefined) return
    this.#following = new AbortController()
    const { signal } = this.#following
    try {
      for await (const _ of this.#source.changes?.(signal) ?? []) this.#poller.pollSoon()
    } catch (error) {
      if (!signal.aborted) this.announce('error', this.#failure(error), this.#source.name)
    }
  }

  async #discover(signal: AbortSignal): Promise<PollOutcome> {
    void this.#follow()
    const { connectTimeout, noDelay, keepAlive, tls, username, password, auth } = this.#options
    const connection = { connectTimeout, noDelay, keepAlive, tls, username, password, auth }
    const timeout = this.#settings.discoveryTimeout
    try {
      const asked = this.#source.discover({ ...connection, timeout }, signal)
      return this.#apply(await Promise.race([asked, aborted(signal)]))
    } catch (cause) {
      if (cause instanceof MemcacheClosedError) throw cause
      throw this.#failure(cause)
    }
  }

  #failure(cause: unknown): MemcacheDiscoveryError {
    const reason = cause instanceof MemcacheError ? cause.reason : messageOf(cause)
    return new MemcacheDiscoveryError(reason, { server: this.#source.name, cause, written: false })
  }

  #apply({ version, nodes, validFor }: NodeList): PollOutcome {
    const { nodeName, connectTo, allowNode } = this.#settings
    const listed = nodesByName(nodes, nodeName)
    for (const node of listed.values()) {
      checkNode(nodeAddress(node, connectTo), this.#source, allowNode)
    }
    const isStranded = this.servers.every(({ state }) => state !== 'healthy')
    if (!this.#versions.admits(version, isStranded)) {
      throw new Error(
        `list ${version} is older than list ${this.#versions.current}; it is applied if it comes again`,
      )
    }
    const hasChanged = this.#replaceNodes(listed)
    this.#versions.take(version)
    return { hasChanged, nextAfter: validFor }
  }

  /** Applies the whole list, or nothing of it. Returns whether it differs from the one before. */
  #replaceNodes(listed: ReadonlyMap<string, NamedNode>): boolean {
    const before = this.#nodes
    const servers = new Set(this.servers.map(({ name }) => name))
    const changes = { add: [] as Address[], replace: [] as Address[], remove: [] as Address[] }
    for (const [name, node] of listed) {
      const known = before.get(name)
      if (known !== undefined && isUnmoved(known, node)) continue
      // The user may have removed it.
      if (known === undefined || !servers.has(name)) changes.add.push(node.namedBy)
      else changes.replace.push(node.namedBy)
    }
    for (const [name, { namedBy }] of before) {
      if (!listed.has(name) && servers.has(name)) changes.remove.push(namedBy)
    }
    this.#nodes = listed
    // The user's clients are made now: a list for which they cannot be made is refused.
    const prepare = (named: Address): PreparedClient<V> =>
      this.#createClient === undefined
        ? this.#nodeClientMaker(named)
        : this.#nodeClientMaker(named)()
    try {
      for (const [name, leaving] of this.changeServers(changes, prepare)) this.#letGo(name, leaving)
    } catch (error) {
      this.#nodes = before
      throw error
    }
    return changes.add.length + changes.replace.length + changes.remove.length > 0
  }

  #letGo(name: string, leaving: Promise<void>): void {
    const done = leaving
      .catch((error) => this.announce('error', error, name))
      .finally(() => this.#leaving.delete(done))
    this.#leaving.add(done)
  }

  /** Makes the client of a node as it is listed now. */
  #nodeClientMaker(named: Address): () => ServerClient<V> {
    const name = addressName(named)
    const node = this.#nodes.get(name)
    return () => {
      // A server that the user added is not a node.
      const address = node === undefined ? named : nodeAddress(node, this.#settings.connectTo)
      const own = node === undefined ? this.#options : nodeOptions(node, this.#options)
      // Errors and telemetry have the name by which keys are placed, not the address of the moment.
      const options = { ...own, serverName: name }
      if (this.#createClient !== undefined) return this.#createClient(address, options)
      const client = new Client<V>(address, options)
      client.on('error', (error) => this.announce('error', error, name))
      return client
    }
  }
}

function sourceOf(source: DiscoverySource | AsyncIterable<ListedServers>): DiscoverySource {
  if (isListSource(source)) return new ListSource(source)
  if (typeof source?.discover === 'function') return source
  const example = "dnsServers('cache.internal') or configurationEndpoint('host:port')"
  return mustBe('source', `a source of servers, such as ${example}`, source)
}

/** Settles as a poll that many calls wait for does; its failure becomes an error of this call alone. */
async function ofThisCall(poll: Promise<void>): Promise<void> {
  try {
    await poll
  } catch (error) {
    if (!(error instanceof MemcacheError)) throw error
    const { reason, server, cause } = error
    if (error instanceof MemcacheClosedError)
      throw new MemcacheClosedError(reason, { written: false })
    throw new MemcacheDiscoveryError(reason, { server, cause, written: false })
  }
}

/** Rejects with the signal's reason when it aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
