import { Client, type ClientOptions, type NativeValue } from '@mc/client'
import {
  HashClient,
  type HashClientEvents,
  type PreparedClient,
  type ServerChanges,
  type ServerClient,
} from '@mc/hash'
import { type Address, addressName, MemcacheClosedError, MemcacheError } from '@mc/protocol'
import { messageOf, mustBe } from '@mc/protocol/toolkit'
import { type DiscoverySource, MemcacheDiscoveryError, type NodeList } from './discovery.ts'
import { isUnmoved, type NamedNode, nodesByName } from './named-nodes.ts'
import { nodeAddress, nodeOptions } from './node-client.ts'
import { checkNode } from './node-guard.ts'
import {
  clientOptions,
  type DiscoverySettings,
  discoverySettings,
  type ElastiCacheHashClientOptions,
  hashOptions,
} from './options.ts'
import { Poller } from './poller.ts'
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
export class ElastiCacheHashClient<V = NativeValue> extends HashClient<V> {
  readonly #source: DiscoverySource
  readonly #settings: DiscoverySettings
  readonly #options: ClientOptions<V>
  readonly #poller: Poller
  readonly #versions = new VersionGuard()
  readonly #createClient: ElastiCacheHashClientOptions<V>['createClient']
  /** The current nodes, by name. */
  #nodes: ReadonlyMap<string, NamedNode> = new Map()
  /** Closes, in progress, of clients that are no longer used. */
  readonly #leaving = new Set<Promise<void>>()

  /**
   * @param source - `configurationEndpoint('host:port')`, `elastiCacheApi({ … })` or one of your own
   * @throws TypeError or RangeError for an invalid option, MemcacheIllegalInputError for a prefix
   */
  constructor(source: DiscoverySource, options: ElastiCacheHashClientOptions<V> = {}) {
    super([], hashOptions(options))
    if (typeof source?.discover !== 'function') {
      mustBe('source', "a source of nodes, such as configurationEndpoint('host:port')", source)
    }
    this.#source = source
    this.#settings = discoverySettings(options)
    this.#options = clientOptions(options)
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
      (error) => this.announce('error', error, source.name),
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
    // Until the first list there may be commands that wait for it.
    if (this.nodeList !== undefined) this.#poller.stop()
    await super.close()
    this.#poller.stop()
    await Promise.all(this.#leaving)
  }

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

  async #discover(signal: AbortSignal): Promise<boolean> {
    const { connectTimeout, noDelay, keepAlive, tls, username, password } = this.#options
    const connection = { connectTimeout, noDelay, keepAlive, tls, username, password }
    const timeout = this.#settings.discoveryTimeout
    try {
      const asked = this.#source.discover({ ...connection, timeout }, signal)
      return this.#apply(await Promise.race([asked, aborted(signal)]))
    } catch (cause) {
      if (cause instanceof MemcacheClosedError) throw cause
      const reason = cause instanceof MemcacheError ? cause.reason : messageOf(cause)
      const server = this.#source.name
      throw new MemcacheDiscoveryError(reason, { server, cause, written: false })
    }
  }

  /** Returns whether the list differs from the current one. */
  #apply({ version, nodes }: NodeList): boolean {
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
    return hasChanged
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
      // A server that the user added is no node.
      const address = node === undefined ? named : nodeAddress(node, this.#settings.connectTo)
      const options = node === undefined ? this.#options : nodeOptions(node, this.#options)
      if (this.#createClient !== undefined) return this.#createClient(address, options)
      const client = new Client<V>(address, options)
      client.on('error', (error) => this.announce('error', error, name))
      return client
    }
  }
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
