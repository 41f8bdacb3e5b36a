import { createSecureContext } from 'node:tls'
import { type MemcachedServerOptions, testCertificate } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type ClusterNode,
  ElastiCacheHashClient,
  type ElastiCacheHashClientOptions,
} from '../src/index.ts'
import { TestCluster } from './support/cluster.ts'

// The certificate is for localhost and 127.0.0.1, not for 127.0.0.2.
const { key, cert } = testCertificate()
let serverNames: string[]
let cluster: TestCluster

function tlsOptions(): MemcachedServerOptions['tls'] {
  return {
    key,
    cert,
    SNICallback: (name, done) => {
      serverNames.push(name)
      done(null, createSecureContext({ key, cert }))
    },
  }
}

beforeEach(async () => {
  serverNames = []
  cluster = await TestCluster.start(0)
})
afterEach(() => cluster[Symbol.asyncDispose]())

/** A client of one node that is listed as given and listens with TLS. */
async function clientOf(
  { host, ip }: Omit<ClusterNode, 'port'>,
  options: ElastiCacheHashClientOptions,
): Promise<ElastiCacheHashClient> {
  const { port } = await cluster.startNode(host, { host: ip, tls: tlsOptions() })
  const nodes = [{ host, ip, port }]
  const client: ElastiCacheHashClient = new ElastiCacheHashClient(
    { name: 'test', endpoint: { host: '127.0.0.1', port: 1 }, discover: async () => ({ nodes }) },
    { timeout: 5000, ...options },
  )
  clients.push(client)
  return client
}
let clients: ElastiCacheHashClient[] = []
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()))
  clients = []
})

describe('TLS', () => {
  test('goes to the IP, sends the host name and verifies it', async () => {
    const client = await clientOf({ host: 'localhost', ip: '127.0.0.2' }, { tls: { ca: cert } })
    expect(await client.set('key', 1)).toBe(true)
    expect(serverNames).toEqual(['localhost'])
  })

  test('does so with options that a function gives', async () => {
    const tls = async () => ({ ca: cert })
    const client = await clientOf({ host: 'localhost', ip: '127.0.0.2' }, { tls })
    expect(await client.set('key', 1)).toBe(true)
    expect(serverNames).toEqual(['localhost'])
  })

  test('refuses a node with a certificate for its IP only', async () => {
    const client = await clientOf({ host: 'other.test', ip: '127.0.0.1' }, { tls: { ca: cert } })
    await expect(client.get('key')).rejects.toThrow(
      'altnames: Host: other.test. is not in the cert',
    )
    expect(serverNames).toEqual(['other.test'])
  })

  test('verifies the address of a node without a name', async () => {
    const good = await clientOf({ host: '127.0.0.1', ip: '127.0.0.1' }, { tls: { ca: cert } })
    expect(await good.set('key', 1)).toBe(true)
    const bad = await clientOf({ host: '127.0.0.2', ip: '127.0.0.2' }, { tls: { ca: cert } })
    await expect(bad.get('key')).rejects.toThrow("IP: 127.0.0.2 is not in the cert's list")
  })

  test('takes the server name that the user gives for all nodes', async () => {
    const options = { tls: { ca: cert, servername: 'localhost' } }
    const client = await clientOf({ host: 'other.test', ip: '127.0.0.2' }, options)
    expect(await client.set('key', 1)).toBe(true)
    expect(serverNames).toEqual(['localhost'])
  })

  test('does not trust a certificate that nobody signed', async () => {
    const client = await clientOf({ host: 'localhost', ip: '127.0.0.1' }, { tls: true })
    await expect(client.get('key')).rejects.toThrow('self-signed certificate')
  })
})
