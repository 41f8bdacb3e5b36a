import type {
  CacheCluster,
  CacheNode,
  ElastiCacheClient,
  ServerlessCache,
} from '@aws-sdk/client-elasticache'
import type { ClusterNode, DiscoveryConnection, DiscoverySource, NodeList } from '@mc/hash'
import { mustBe } from '@mc/protocol/toolkit'

/** Which cluster or serverless cache to look up, and how to reach the API. */
export type ElastiCacheApiOptions = {
  /** A client of the AWS SDK, with credentials, retries and so on. @default one made for each poll */
  readonly client?: ElastiCacheClient | undefined
  /** Region of the client that is made. @default as the AWS SDK finds it, such as from AWS_REGION */
  readonly region?: string | undefined
} & (
  | {
      /** A cluster, or several that are one fleet. */
      readonly cacheClusterId: string | readonly string[]
    }
  | { readonly serverlessCacheName: string }
)

/**
 * The nodes that the ElastiCache API lists, by name only, without IP addresses: of memcached clusters
 * (`DescribeCacheClusters`), or the one endpoint of a serverless cache (`DescribeServerlessCaches`), which
 * speaks TLS. Needs the IAM permission for that action. AWS limits the rate of API calls: poll every few
 * minutes, or choose `configurationEndpoint`.
 *
 * The AWS SDK is loaded at the first poll.
 *
 * @throws TypeError for an invalid option
 */
export function elastiCacheApi(options: ElastiCacheApiOptions): DiscoverySource {
  const { client, region } = options
  if (region !== undefined && typeof region !== 'string') {
    mustBe('region', 'a string', region)
  }
  if ('serverlessCacheName' in options) {
    if ('cacheClusterId' in options) {
      throw new TypeError('give either cacheClusterId or serverlessCacheName')
    }
    const [name] = names('serverlessCacheName', options.serverlessCacheName)
    return new ApiSource(name, client, region, (api) => serverlessNodes(api, name))
  }
  const ids = names('cacheClusterId', options.cacheClusterId)
  return new ApiSource(ids.join(', '), client, region, (api) => clusterNodes(api, ids))
}

type Sdk = typeof import('@aws-sdk/client-elasticache')

/** The SDK and what each of its calls is made with. */
interface Api {
  readonly sdk: Sdk
  readonly client: ElastiCacheClient
  readonly abortSignal: AbortSignal
}

class ApiSource implements DiscoverySource {
  readonly name: string
  readonly #client: ElastiCacheClient | undefined
  readonly #region: string | undefined
  readonly #nodes: (api: Api) => Promise<ClusterNode[]>

  constructor(
    name: string,
    client: ElastiCacheClient | undefined,
    region: string | undefined,
    nodes: (api: Api) => Promise<ClusterNode[]>,
  ) {
    this.name = `ElastiCache API for ${name}`
    this.#client = client
    this.#region = region
    this.#nodes = nodes
  }

  async discover(_: DiscoveryConnection, abortSignal: AbortSignal): Promise<NodeList> {
    const sdk = await import('@aws-sdk/client-elasticache')
    const region = this.#region
    // Polls are far apart: nothing stays open between them.
    const client = this.#client ?? new sdk.ElastiCacheClient(region === undefined ? {} : { region })
    try {
      return { nodes: await this.#nodes({ sdk, client, abortSignal }) }
    } finally {
      if (client !== this.#client) client.destroy()
    }
  }
}

async function clusterNodes(api: Api, ids: readonly string[]): Promise<ClusterNode[]> {
  const { sdk, client, abortSignal } = api
  const wanted = new Set(ids.map((id) => id.toLowerCase()))
  const missing = new Set(wanted)
  const nodes: ClusterNode[] = []
  const request = {
    ShowCacheNodeInfo: true,
    // The API takes one id or lists all clusters of the account.
    ...(wanted.size === 1 && { CacheClusterId: ids[0] }),
  }
  const pages = sdk.paginateDescribeCacheClusters({ client }, request, { abortSignal })
  for await (const { CacheClusters = [] } of pages) {
    for (const cluster of CacheClusters) {
      const id = cluster.CacheClusterId?.toLowerCase() ?? ''
      if (!wanted.has(id)) continue
      missing.delete(id)
      nodes.push(...nodesOf(cluster))
    }
  }
  if (missing.size > 0) throw new Error(`no such cache cluster: ${[...missing].join(', ')}`)
  return nodes
}

function nodesOf(cluster: CacheCluster): ClusterNode[] {
  assertMemcached(cluster, cluster.CacheClusterId)
  const tls = cluster.TransitEncryptionEnabled ?? false
  return (cluster.CacheNodes ?? []).filter(isInService).map((node) => toNode(node, tls))
}

/** A node that reboots keeps its keys; one that is being created or deleted is not used. */
function isInService({ CacheNodeStatus, Endpoint }: CacheNode): boolean {
  return Endpoint !== undefined && CacheNodeStatus !== 'creating' && CacheNodeStatus !== 'deleting'
}

async function serverlessNodes(api: Api, name: string): Promise<ClusterNode[]> {
  const { sdk, client, abortSignal } = api
  const request = { ServerlessCacheName: name }
  const pages = sdk.paginateDescribeServerlessCaches({ client }, request, { abortSignal })
  for await (const { ServerlessCaches = [] } of pages) {
    const cache = ServerlessCaches.find(({ ServerlessCacheName }) => ServerlessCacheName === name)
    if (cache === undefined) continue
    assertMemcached(cache, name)
    return [toNode(cache, true)]
  }
  throw new Error(`no such serverless cache: ${name}`)
}

function assertMemcached({ Engine }: CacheCluster | ServerlessCache, name = ''): void {
  if (Engine !== 'memcached') throw new Error(`${name} is no memcached but ${Engine}`)
}

function toNode({ Endpoint }: CacheNode | ServerlessCache, tls: boolean): ClusterNode {
  const { Address, Port } = Endpoint ?? {}
  if (Address === undefined || Port === undefined) {
    throw new Error('the API named an endpoint without address or port')
  }
  return { host: Address, port: Port, tls }
}

function names(option: string, value: string | readonly string[]): [string, ...string[]] {
  const [first, ...rest] = typeof value === 'string' ? [value] : Array.isArray(value) ? value : []
  for (const name of [first, ...rest]) {
    if (typeof name !== 'string' || name === '') {
      mustBe(option, 'a name that is not empty, or a list of such names', value)
    }
  }
  return [first as string, ...rest]
}
