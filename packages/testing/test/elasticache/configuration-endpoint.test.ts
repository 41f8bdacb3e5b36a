import { afterEach, describe, expect, test } from 'vitest'
import {
  ConfigurationEndpointServer,
  type ConfigurationEndpointServerOptions,
  testCertificate,
} from '../../src/index.ts'
import { RawConnection } from '../support/raw-connection.ts'

const nodes = [
  { host: 'myCluster.pc4ldq.0001.use1.cache.amazonaws.com', ip: '10.82.235.120', port: 11211 },
  { host: 'myCluster.pc4ldq.0002.use1.cache.amazonaws.com', ip: '10.80.249.27', port: 11211 },
]
const PAYLOAD =
  '12\nmyCluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 ' +
  'myCluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11211\n'
const REPLY = `CONFIG cluster 0 136\r\n${PAYLOAD}\r\nEND\r\n`

let endpoints: ConfigurationEndpointServer[] = []
afterEach(async () => {
  await Promise.all(endpoints.map((endpoint) => endpoint.stop()))
  endpoints = []
})

async function start(
  options?: ConfigurationEndpointServerOptions,
): Promise<ConfigurationEndpointServer> {
  const endpoint = await ConfigurationEndpointServer.start({ nodes, version: 12, ...options })
  endpoints.push(endpoint)
  return endpoint
}

/** What comes on a connection of its own until it ends like this, or is closed. */
async function ask(
  endpoint: ConfigurationEndpointServer,
  lines: string,
  end: string,
  tls = false,
): Promise<string> {
  await using connection = await RawConnection.open(endpoint.name, tls)
  connection.write(lines)
  return await connection.until(end)
}

describe('ConfigurationEndpointServer answers', () => {
  test('the list as AWS documents it, byte by byte', async () => {
    const endpoint = await start()
    expect(await ask(endpoint, 'config get cluster\r\n', 'END\r\n')).toBe(REPLY)
    expect(endpoint.polls).toBe(1)
  })

  test('the list under its old key, and nothing else before engine 1.4.14', async () => {
    const old = await start({ engineVersion: '1.4.13' })
    const value = `VALUE AmazonElastiCache:cluster 0 136\r\n${PAYLOAD}\r\nEND\r\n`
    expect(
      await ask(old, 'config get cluster\r\nget AmazonElastiCache:cluster\r\n', 'END\r\n'),
    ).toBe(`ERROR\r\n${value}`)
    expect(await ask(await start(), 'get AmazonElastiCache:cluster\r\n', 'END\r\n')).toBe(value)
  })

  test('END when there is no list, an empty IP between bars, and a new list with the next version', async () => {
    const endpoint = await start({ nodes: [] })
    expect(await ask(endpoint, 'config get cluster\r\n', 'END\r\n')).toBe('END\r\n')
    endpoint.setNodes([{ host: 'a.test', port: 1 }])
    expect(await ask(endpoint, 'config get cluster\r\n', 'END\r\n')).toBe(
      'CONFIG cluster 0 13\r\n13\na.test||1\n\r\nEND\r\n',
    )
    endpoint.setNodes(nodes, 12)
    expect(await ask(endpoint, 'config get cluster\r\n', 'END\r\n')).toBe(REPLY)
  })

  test('no other command but version, as a discovery endpoint holds no items', async () => {
    const endpoint = await start()
    expect(await ask(endpoint, 'version\r\nget key\r\n', 'ERROR\r\n')).toBe(
      'VERSION 1.6.18\r\nERROR\r\n',
    )
  })

  test('over TLS', async () => {
    const endpoint = await start({ tls: testCertificate() })
    expect(await ask(endpoint, 'config get cluster\r\n', 'END\r\n', true)).toBe(REPLY)
  })
})

describe('ConfigurationEndpointServer on demand', () => {
  test('answers other bytes, in segments', async () => {
    const endpoint = await start()
    endpoint.mischief = { reply: (reply) => reply.subarray(0, 10), segment: 3 }
    expect(await ask(endpoint, 'config get cluster\r\n', 'clu')).toBe('CONFIG clu')
  })

  test('waits', async () => {
    const endpoint = await start()
    let open = (): void => {}
    endpoint.mischief = {
      until: new Promise<void>((resolve) => {
        open = resolve
      }),
    }
    const answer = ask(endpoint, 'config get cluster\r\nversion\r\n', '18\r\n')
    let isAnswered = false
    void answer.then(() => {
      isAnswered = true
    })
    await expect.poll(() => endpoint.polls).toBe(1)
    // Others are answered meanwhile.
    await ask(endpoint, 'version\r\n', '18\r\n')
    expect(isAnswered).toBe(false)
    open()
    expect(await answer).toBe(`${REPLY}VERSION 1.6.18\r\n`)
  })

  test('stops in the middle, and closes', async () => {
    const endpoint = await start()
    endpoint.mischief = { stopAfter: 6, closes: true }
    expect(await ask(endpoint, 'config get cluster\r\n', 'never')).toBe('CONFIG')
    endpoint.mischief = { stopAfter: 6 }
    const both = 'config get cluster\r\nversion\r\n'
    expect(await ask(endpoint, both, '18\r\n')).toBe('CONFIGVERSION 1.6.18\r\n')
  })
})
