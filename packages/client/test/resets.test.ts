import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { testCertificate } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { Client, type ClientOptions } from '../src/index.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

const { key, cert } = testCertificate()

/** How each of a server's connections ended: `reset` by the client, or `closed`. */
interface Ends {
  readonly name: string
  readonly seen: string[]
  /** Bytes of requests behind the handshake. */
  received(): number
}

/** A server that takes everything and answers nothing but the handshake. */
async function silentServer(isTls: boolean): Promise<Ends> {
  const seen: string[] = []
  let received = 0
  const onSocket = (socket: Socket): void => {
    ends.push(() => socket.destroy())
    socket.on('data', (chunk) => {
      if (String(chunk).includes('version')) socket.write('VERSION 1.6.45\r\n')
      else received += chunk.length
    })
    socket.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code ?? error.message))
    socket.on('end', () => seen.push('end'))
  }
  const server = isTls ? createTlsServer({ key, cert }, onSocket) : createServer(onSocket)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return {
    name: `127.0.0.1:${(server.address() as { port: number }).port}`,
    seen,
    received: () => received,
  }
}

describe.each([
  ['TCP', false],
  ['TLS', true],
])('a connection over %s', (_, isTls) => {
  const options: ClientOptions = {
    dialect: 'meta',
    timeout: 50,
    connectTimeout: 20_000,
    ...(isTls && { tls: { ca: cert, servername: 'localhost' } }),
  }

  test('that is given up with a request unanswered is reset', async () => {
    const { name, seen } = await silentServer(isTls)
    const client = new Client(name, options)
    await client.connect()
    await expect(client.set('a', 1)).rejects.toMatchObject({ written: true })
    await expect.poll(() => client.isConnected).toBe(false)
    await expect.poll(() => seen).toEqual(['ECONNRESET'])
    client.destroy()
  })

  test('that its owner destroys over a request is reset', async () => {
    const { name, seen, received } = await silentServer(isTls)
    const client = new Client(name, { ...options, timeout: 60_000 })
    await client.connect()
    const call = client.set('a', 1)
    // Data and a reset that come at once are an end to libuv.
    await expect.poll(() => received()).toBeGreaterThan(0)
    client.destroy()
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    await expect.poll(() => seen).toEqual(['ECONNRESET'])
  })

  test('that is idle is closed', async () => {
    const { name, seen } = await silentServer(isTls)
    const client = new Client(name, options)
    await client.connect()
    client.destroy()
    await expect.poll(() => seen).toEqual(['end'])
  })
})
