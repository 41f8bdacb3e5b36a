import { Client } from '@mc/client'
import type { DiscoveryConnection, DiscoverySource, NodeList } from '@mc/hash'
import {
  type Address,
  addressName,
  MemcacheIllegalInputError,
  MemcacheUnknownCommandError,
  parseAddress,
  type ServerSpec,
} from '@mc/protocol'
import { partOf } from '@mc/protocol/toolkit'
import { ConfigCommand } from './config-command.ts'
import { parseNodeList } from './node-list.ts'

/** Room for thousands of nodes. */
const MAX_PAYLOAD = 1024 ** 2

/**
 * The nodes that a configuration endpoint lists: of an ElastiCache cluster (`….cfg.….amazonaws.com:11211`),
 * where any node answers as well, or the discovery endpoint of a GCP Memorystore instance. Its name is
 * resolved again for each poll.
 *
 * A serverless cache has no such list: see `elastiCacheApi`, or use a `Client` with `tls`.
 *
 * @param endpoint - `'host:port'`, `'[ipv6]:port'`, `['host', port]` or `{ host, port }`
 * @throws MemcacheIllegalInputError unless it is a host with a port
 */
export function configurationEndpoint(endpoint: ServerSpec): DiscoverySource {
  return new ConfigurationEndpointSource(endpointAddress(endpoint))
}

type EndpointAddress = Extract<Address, { readonly host: string }>

class ConfigurationEndpointSource implements DiscoverySource {
  readonly name: string
  readonly endpoint: EndpointAddress

  constructor(endpoint: EndpointAddress) {
    this.name = addressName(endpoint)
    this.endpoint = endpoint
  }

  async discover(connection: DiscoveryConnection, signal: AbortSignal): Promise<NodeList> {
    const client = new Client(this.endpoint, {
      ...connection,
      dialect: 'text',
      maxValueLength: MAX_PAYLOAD,
    })
    try {
      const payload = await askForList(client, signal)
      if (payload === undefined) throw new Error('the endpoint has no node list')
      return parseNodeList(payload)
    } finally {
      client.destroy()
    }
  }
}

async function askForList(client: Client, signal: AbortSignal): Promise<Buffer | undefined> {
  // A poll is no call of the user.
  const ask = partOf((command: ConfigCommand) => client.execute(command, { signal }))
  try {
    return await ask(new ConfigCommand('config get cluster'))
  } catch (error) {
    // Engines before 1.4.14 do not know the command.
    if (!(error instanceof MemcacheUnknownCommandError)) throw error
    return ask(new ConfigCommand('get AmazonElastiCache:cluster'))
  }
}

function endpointAddress(endpoint: ServerSpec): EndpointAddress {
  const address = parseAddress(endpoint)
  if ('path' in address) illegal('a Unix socket')
  const { host } = address
  if (endpoint === host || endpoint === `[${host}]`) illegal('a host without a port')
  if (/(^|\.)\.|^$/.test(host)) illegal('a host with an empty label')
  return address
}

function illegal(what: string): never {
  throw new MemcacheIllegalInputError(
    `bad configuration endpoint: ${what}; allowed are 'host:port', '[ipv6]:port', ['host', port] and { host, port }`,
  )
}
