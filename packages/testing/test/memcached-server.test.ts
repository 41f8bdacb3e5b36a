import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { MemcachedServer, type MemcachedServerOptions, testCertificate } from '../src/index.ts'
import { ask } from './support/conversation.ts'
import { RawConnection } from './support/raw-connection.ts'

let servers: MemcachedServer[] = []
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
})

async function start(options?: MemcachedServerOptions): Promise<MemcachedServer> {
  const server = await MemcachedServer.start(options)
  servers.push(server)
  return server
}

describe('MemcachedServer listens', () => {
  test('on a free loopback port', async () => {
    const server = await start()
    expect(server.port).toBeGreaterThan(0)
    expect(server.name).toBe(`127.0.0.1:${server.port}`)
    expect(server.address).toEqual({ host: '127.0.0.1', port: server.port })
    expect(await ask(server, 'version\r\n')).toBe('VERSION 1.6.18\r\n')
  })

  test('on IPv6, with a name in brackets', async () => {
    const server = await start({ host: '::1' })
    expect(server.name).toBe(`[::1]:${server.port}`)
    expect(await ask(server, 'mn\r\n')).toBe('MN\r\n')
  })

  test('on a Unix socket, which is gone afterwards', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mc-test-'))
    const path = join(directory, 'socket')
    const server = await start({ path })
    expect([server.name, server.port, server.address]).toEqual([path, 0, { path }])
    expect(await ask(server, 'mn\r\n')).toBe('MN\r\n')
    await server.stop()
    await expect(stat(path)).rejects.toThrow('ENOENT')
    await rm(directory, { recursive: true })
  })

  test('with TLS, and closes connections without it', async () => {
    const server = await start({ tls: testCertificate() })
    expect(await ask(server, 'set a 0 0 1\r\n1\r\nget a\r\n', true)).toBe(
      'STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n',
    )
    const plain = await RawConnection.open(server.name)
    plain.write('version\r\n')
    await plain.until('VERSION')
    expect(plain.closed).toBe(true)
  })

  test('not on a port in use', async () => {
    const { port } = await start()
    await expect(MemcachedServer.start({ port })).rejects.toThrow('EADDRINUSE')
  })

  test('not with limits that are no number of bytes', async () => {
    for (const bytes of [0, -1, 1.5, Number.NaN]) {
      await expect(MemcachedServer.start({ memoryLimit: bytes })).rejects.toThrow(RangeError)
      await expect(MemcachedServer.start({ itemSizeMax: bytes })).rejects.toThrow(RangeError)
    }
  })
})

describe('MemcachedServer stops', () => {
  test('closing its connections, and again without effect', async () => {
    const server = await start()
    const connection = await RawConnection.open(server.name)
    expect(await connection.ask('mn\r\n')).toBe('MN\r\n')
    await Promise.all([server.stop(), server.stop()])
    await connection.until('never')
    expect(connection.closed).toBe(true)
    await expect(RawConnection.open(server.name)).rejects.toThrow('ECONNREFUSED')
  })

  test('as a disposable', async () => {
    const server = await start()
    await server[Symbol.asyncDispose]()
    await expect(RawConnection.open(server.name)).rejects.toThrow('ECONNREFUSED')
  })

  test('at the shutdown command, where that is allowed', async () => {
    const server = await start({ allowShutdown: true })
    expect(await ask(server, 'shutdown later\r\n')).toBe('CLIENT_ERROR invalid shutdown mode\r\n')
    const connection = await RawConnection.open(server.name)
    connection.write('shutdown graceful\r\n')
    expect(await connection.until('never')).toBe('')
    await server.stopped
    await expect(RawConnection.open(server.name)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('MemcachedServer closes a connection of the binary protocol', () => {
  const GET = `\x80\x00\x00\x01${'\0'.repeat(7)}\x01${'\0'.repeat(12)}k`

  test.each([
    ['', {}],
    [' over TLS', { tls: testCertificate() }],
    [' before authentication', { auth: { alice: 'secret' } }],
  ])('at its first byte%s, and logs why', async (_about, options: MemcachedServerOptions) => {
    const log: string[] = []
    const server = await start({ ...options, log: (line) => log.push(line) })
    for (const bytes of ['\x80', GET, `${GET}\r\n`]) {
      const connection = await RawConnection.open(server.name, options.tls !== undefined)
      connection.write(bytes)
      expect(await connection.until('never')).toBe('')
      expect(connection.closed).toBe(true)
    }
    const line = expect.stringMatching(
      /^closed tcp:127\.0\.0\.1:\d+: it speaks the binary protocol/,
    )
    expect(log).toEqual([line, line, line])
  })

  test('with a warning of the process by default', async () => {
    const server = await start()
    const warned = once(process, 'warning')
    const connection = await RawConnection.open(server.name)
    connection.write('\x80')
    expect(await warned).toMatchObject([{ name: 'MemcachedServerWarning' }])
  })

  test('and no other: 0x80 is a byte like any other later on, and in a key', async () => {
    const server = await start()
    expect(await ask(server, 'get \x80\r\n\x80\r\n')).toBe('END\r\nERROR\r\n')
  })
})

describe('MemcachedServer with users', () => {
  const auth = { alice: 'se:cret', bob: 'word' }

  test('refuses commands until it has read a good password', async () => {
    const server = await start({ auth })
    const connection = await RawConnection.open(server.name)
    const exchange = async (bytes: string, end = '\r\n'): Promise<string> => {
      connection.write(bytes)
      return connection.until(end)
    }
    expect(await exchange('get a\r\n')).toBe('CLIENT_ERROR unauthenticated\r\n')
    expect(await exchange('mn\r\n')).toBe('CLIENT_ERROR unauthenticated\r\n')
    expect(await exchange('set x 0 0 10\r\nalice word\r\n')).toBe(
      'CLIENT_ERROR authentication failure\r\n',
    )
    expect(await exchange('set x 0 0 13\r\nalice se:cret\r\n')).toBe('STORED\r\n')
    expect(await exchange('get x\r\n')).toBe('END\r\n')
    expect(await exchange('set x 0 0 8\r\nbob word\r\nget x\r\n', 'END\r\n')).toBe(
      'STORED\r\nVALUE x 0 8\r\nbob word\r\nEND\r\n',
    )
  })

  test('keeps only the last reply of those sent at once before that', async () => {
    const server = await start({ auth })
    expect(await ask(server, 'set x 0 0 8\r\nbob nope\r\nset x 0 0 8\r\nbob word\r\nmn\r\n')).toBe(
      'STORED\r\nMN\r\n',
    )
  })
})

describe('MemcachedServer', () => {
  test('gives the version that it is told', async () => {
    const server = await start({ version: '1.6.45' })
    expect(await ask(server, 'version\r\n')).toBe('VERSION 1.6.45\r\n')
  })

  test('counts as on clear memory: from 2^63 on, and not with white space', async () => {
    const server = await start()
    expect(
      await ask(
        server,
        'set n 0 0 30\r\n0123456789012345678901-2345678\r\n' +
          'set n 0 0 19\r\n9223372036854775808\r\nincr n 1\r\n' +
          'set w 0 0 10\r\n   123    \r\nset w 0 0 1\r\n\t\r\nincr w 1\r\n',
      ),
    ).toBe(
      'STORED\r\nSTORED\r\n9223372036854775809\r\n' +
        'STORED\r\nSTORED\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\n',
    )
  })

  test('closes at an endless line', async () => {
    const server = await start()
    const connection = await RawConnection.open(server.name)
    connection.write('x'.repeat(2049))
    expect(await connection.until('never')).toBe('')
    expect(connection.closed).toBe(true)
  })

  test('takes items up to its limit', async () => {
    const server = await start({ itemSizeMax: 1024 })
    const set = (length: number): string => `set k 0 0 ${length}\r\n${'v'.repeat(length)}\r\n`
    expect(await ask(server, set(964) + set(965))).toBe(
      'STORED\r\nSERVER_ERROR object too large for cache\r\n',
    )
  })

  test('answers many large reads at once, to a client that is slow to read them', async () => {
    const server = await start()
    const value = 'v'.repeat(1_000_000)
    const answer = await ask(server, `set k 0 0 1000000\r\n${value}\r\n${'mg k v\r\n'.repeat(40)}`)
    expect(answer).toBe(`STORED\r\n${`VA 1000000\r\n${value}\r\n`.repeat(40)}`)
  })

  test('serves what a request in pieces asks for', async () => {
    const server = await start()
    const connection = await RawConnection.open(server.name)
    expect(await connection.ask('version\r\n')).toBe('VERSION 1.6.18\r\n')
    for (const byte of 'set a 0 0 2\r\nhi\r\nget a') {
      connection.write(byte)
      await new Promise(setImmediate)
    }
    expect(await connection.ask('\r\n')).toBe('STORED\r\nVALUE a 0 2\r\nhi\r\nEND\r\n')
    await connection[Symbol.asyncDispose]()
  })
})
