import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { testCertificate } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { Client } from '../../src/index.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

describe('a TLS server', () => {
  const tls = { ca: testCertificate().cert, servername: 'localhost' }

  /** A TCP server that does what the test says with each socket. */
  async function serve(onSocket: (socket: Socket) => void): Promise<string> {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      onSocket(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    ends.push(async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    })
    return `127.0.0.1:${(server.address() as { port: number }).port}`
  }

  const stalls: readonly (readonly [string, (socket: Socket) => void])[] = [
    ['that says nothing', (socket) => socket.resume()],
    ['that does not even read', (socket) => socket.pause()],
    ['that begins to answer and stops', (socket) => socket.write(Buffer.from([22, 3, 3, 0, 100]))],
    ['that speaks memcached in the clear', (socket) => socket.write('VERSION 1.6.18\r\n')],
    ['that closes in the handshake', (socket) => socket.once('data', () => socket.end())],
    [
      'that resets in the handshake',
      (socket) => socket.once('data', () => socket.resetAndDestroy()),
    ],
    ['with an alert', (socket) => socket.write(Buffer.from([21, 3, 3, 0, 2, 2, 40]))],
  ]
  test.each(stalls)('%s is a failed connection, within connectTimeout', async (_, onSocket) => {
    const client = new Client(await serve(onSocket), { tls, connectTimeout: 200, timeout: 10_000 })
    const connecting = expect(client.connect()).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    for (const call of [client.get('a'), client.set('b', 'v')]) {
      await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT', written: false })
    }
    await connecting
    expect(client.inFlight).toBe(0)
    await client.close()
  })

  test('whose certificate is not trusted, or is another’s, gets no command', async () => {
    let received = 0
    const server = createTlsServer(testCertificate(), (socket) => {
      socket.on('data', (chunk) => {
        received += chunk.length
      })
      socket.on('error', () => {})
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    ends.push(async () => {
      server.close()
      await once(server, 'close')
    })
    const name = `127.0.0.1:${(server.address() as { port: number }).port}`
    const credentials = { username: 'alice', password: 'secret-of-alice' }
    for (const untrusted of [{}, { ...tls, servername: 'example.org' }]) {
      const client = new Client(name, { tls: untrusted, ...credentials })
      await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
      await client.close()
    }
    expect(received).toBe(0)
  })
})
