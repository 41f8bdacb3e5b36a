import {
  ConfigurationEndpointServer,
  type ConfigurationEndpointServerOptions,
  type ListedNode,
  MemcachedServer,
  type MemcachedServerOptions,
} from '@mc/testing'
import {
  configurationEndpoint,
  ElastiCacheHashClient,
  type ElastiCacheHashClientOptions,
} from '../../src/index.ts'

/** Embedded servers behind an embedded configuration endpoint, and clients that are closed with them. */
export class TestCluster implements AsyncDisposable {
  readonly endpoint: ConfigurationEndpointServer
  readonly servers: MemcachedServer[] = []
  readonly #clients: ElastiCacheHashClient[] = []

  /** @param nodes - how many servers, each `node-1.test` and so on in the list */
  static async start(
    nodes: number,
    options: ConfigurationEndpointServerOptions = {},
  ): Promise<TestCluster> {
    const cluster = new TestCluster(await ConfigurationEndpointServer.start(options))
    const listed: ListedNode[] = []
    for (let i = 1; i <= nodes; i++) listed.push(await cluster.startNode(`node-${i}.test`))
    cluster.endpoint.setNodes(listed, options.version ?? 1)
    return cluster
  }

  private constructor(endpoint: ConfigurationEndpointServer) {
    this.endpoint = endpoint
  }

  /** Starts a server and answers how it would be listed. */
  async startNode(host: string, options: MemcachedServerOptions = {}): Promise<ListedNode> {
    const server = await MemcachedServer.start(options)
    this.servers.push(server)
    return { host, ip: options.host ?? '127.0.0.1', port: server.port }
  }

  client(options: ElastiCacheHashClientOptions = {}): ElastiCacheHashClient {
    const client = new ElastiCacheHashClient(configurationEndpoint(this.endpoint.name), {
      pollInterval: false,
      reconnectDelay: { initial: 1, max: 5 },
      ...options,
    })
    this.#clients.push(client)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.endpoint.stop()
    await Promise.all(this.servers.map((server) => server.stop()))
  }
}

/** The events of a client as they come, in the order of time. */
export function recordEvents(client: ElastiCacheHashClient): unknown[][] {
  const events: unknown[][] = []
  for (const event of ['added', 'removed', 'replaced', 'failing', 'dead', 'alive'] as const) {
    client.on(event, (server: string) => events.push([event, server]))
  }
  client.on('error', (error: Error, where: string) => events.push(['error', where, error]))
  return events
}

/** All that is ready to happen has happened, events included. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
