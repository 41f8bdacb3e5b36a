import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { errorDocument, type XmlElement, xmlDocument } from './api-xml.ts'

/** A cluster as `DescribeCacheClusters` describes it. */
export interface DescribedCluster {
  /** Name of the cluster. */
  readonly id: string
  /** Its nodes. */
  readonly nodes: readonly DescribedNode[]
  /** @default 'memcached' */
  readonly engine?: string | undefined
  /** Transit encryption. @default false */
  readonly tls?: boolean | undefined
}

/** A node as the API describes it. */
export interface DescribedNode {
  /** A node that is being made or taken away has no endpoint, so neither host nor port. */
  readonly host?: string | undefined
  /** TCP port of the endpoint. */
  readonly port?: number | undefined
  /** @default 'available' */
  readonly status?: 'available' | 'creating' | 'rebooting' | 'deleting' | undefined
}

/** A cache as `DescribeServerlessCaches` describes it. */
export interface DescribedServerlessCache {
  /** Name of the cache. */
  readonly name: string
  /** Name of its endpoint. */
  readonly host: string
  /** TCP port of its endpoint. */
  readonly port: number
  /** @default 'memcached' */
  readonly engine?: string | undefined
}

/** Options of an `ElastiCacheApiServer`. */
export interface ElastiCacheApiServerOptions {
  /** @default [] */
  readonly clusters?: readonly DescribedCluster[] | undefined
  /** @default [] */
  readonly serverlessCaches?: readonly DescribedServerlessCache[] | undefined
  /** Most records on a page, whatever the request says. @default 100 */
  readonly pageSize?: number | undefined
}

/**
 * The part of the ElastiCache API that tells nodes, on a loopback port, in the wire format of the AWS SDK:
 *
 * ```ts
 * const api = await ElastiCacheApiServer.start({ clusters: [{ id: 'fleet', nodes }] })
 * const client = new ElastiCacheClient({ endpoint: api.url, region, credentials })
 * ```
 */
export class ElastiCacheApiServer implements AsyncDisposable {
  /** The clusters as they are now; assign to change them. */
  clusters: readonly DescribedCluster[]
  /** The serverless caches as they are now; assign to change them. */
  serverlessCaches: readonly DescribedServerlessCache[]
  /** The parameters of each request so far, throttled ones included. */
  readonly requests: Readonly<Record<string, string>>[] = []
  readonly #pageSize: number
  readonly #server: Server
  #throttled = 0
  #gate: Promise<unknown> | undefined
  #stopped: Promise<void> | undefined

  /** Starts one and answers when it listens. */
  static async start(options: ElastiCacheApiServerOptions = {}): Promise<ElastiCacheApiServer> {
    const api = new ElastiCacheApiServer(options)
    api.#server.listen(0, '127.0.0.1')
    await once(api.#server, 'listening')
    return api
  }

  private constructor({ clusters, serverlessCaches, pageSize }: ElastiCacheApiServerOptions) {
    this.clusters = clusters ?? []
    this.serverlessCaches = serverlessCaches ?? []
    this.#pageSize = pageSize ?? 100
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  /** What the SDK's client takes as its `endpoint`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Answers the next requests, so many, with `ThrottlingException`. */
  throttle(requests: number): void {
    this.#throttled = requests
  }

  /** Holds back the answers from now on until the promise resolves. */
  holdUntil(gate: Promise<unknown>): void {
    this.#gate = gate
  }

  /** Closes all connections and stops listening. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parameters = Object.fromEntries(new URLSearchParams(await readText(request)))
    this.requests.push(parameters)
    await this.#gate
    const answer = this.#answer(parameters)
    response.writeHead(answer.status, { 'Content-Type': 'text/xml' }).end(answer.body)
  }

  #answer(parameters: Record<string, string>): ApiAnswer {
    if (this.#throttled > 0) {
      this.#throttled--
      return refusal('ThrottlingException', 'Rate exceeded')
    }
    switch (parameters.Action) {
      case 'DescribeCacheClusters':
        return this.#describeClusters(parameters)
      case 'DescribeServerlessCaches':
        return this.#describeServerlessCaches(parameters)
      default:
        return refusal('InvalidAction', `Could not find operation ${parameters.Action}`)
    }
  }

  #describeClusters({
    CacheClusterId: id,
    MaxRecords = '100',
    Marker,
    ShowCacheNodeInfo,
  }: Record<string, string>): ApiAnswer {
    if (!(Number(MaxRecords) >= 20 && Number(MaxRecords) <= 100)) {
      return refusal('InvalidParameterValue', 'MaxRecords must be from 20 to 100')
    }
    const found = this.clusters.filter((cluster) => id === undefined || isSameId(cluster.id, id))
    if (id !== undefined && found.length === 0) {
      return refusal('CacheClusterNotFound', `CacheCluster not found: ${id}`, 404)
    }
    const { page, next } = this.#page(found, Number(MaxRecords), Marker)
    const withNodes = ShowCacheNodeInfo === 'true'
    return success('DescribeCacheClusters', {
      CacheClusters: page.map((cluster) => ({ CacheCluster: clusterElement(cluster, withNodes) })),
      Marker: next,
    })
  }

  #describeServerlessCaches({
    ServerlessCacheName: name,
    MaxResults = '50',
    NextToken,
  }: Record<string, string>): ApiAnswer {
    const found = this.serverlessCaches.filter((cache) => name === undefined || cache.name === name)
    if (name !== undefined && found.length === 0) {
      return refusal('ServerlessCacheNotFoundFault', `ServerlessCache not found: ${name}`, 404)
    }
    const { page, next } = this.#page(found, Number(MaxResults), NextToken)
    return success('DescribeServerlessCaches', {
      ServerlessCaches: page.map((cache) => ({ member: serverlessElement(cache) })),
      NextToken: next,
    })
  }

  #page<T>(all: readonly T[], most: number, from = '0'): { page: T[]; next: string | undefined } {
    const start = Number(from)
    const end = start + Math.min(most, this.#pageSize)
    return { page: all.slice(start, end), next: end < all.length ? String(end) : undefined }
  }
}

interface ApiAnswer {
  readonly status: number
  readonly body: string
}

function success(action: string, result: XmlElement): ApiAnswer {
  return { status: 200, body: xmlDocument(action, result) }
}

function refusal(code: string, message: string, status = 400): ApiAnswer {
  return { status, body: errorDocument(code, message) }
}

function isSameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function clusterElement(cluster: DescribedCluster, withNodes: boolean): XmlElement {
  const { id, nodes, engine = 'memcached', tls = false } = cluster
  return {
    CacheClusterId: id,
    CacheClusterStatus: 'available',
    Engine: engine,
    EngineVersion: '1.6.22',
    NumCacheNodes: nodes.length,
    TransitEncryptionEnabled: String(tls),
    CacheNodes: withNodes
      ? nodes.map((node, i) => ({ CacheNode: nodeElement(node, i) }))
      : undefined,
  }
}

function nodeElement({ host, port, status = 'available' }: DescribedNode, i: number): XmlElement {
  return {
    CacheNodeId: String(i + 1).padStart(4, '0'),
    CacheNodeStatus: status,
    Endpoint: host === undefined ? undefined : { Address: host, Port: port },
    CustomerAvailabilityZone: 'us-east-1a',
  }
}

function serverlessElement(cache: DescribedServerlessCache): XmlElement {
  const { name, host, port, engine = 'memcached' } = cache
  return {
    ServerlessCacheName: name,
    Status: 'available',
    Engine: engine,
    MajorEngineVersion: '1.6',
    FullEngineVersion: '21',
    Endpoint: { Address: host, Port: port },
  }
}
