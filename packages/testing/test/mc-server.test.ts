import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { testCertificate } from '../src/index.ts'
import { runMcServer } from '../src/mc-server.ts'
import { parseMcServerOptions } from '../src/mc-server-options.ts'
import { ask } from './support/conversation.ts'
import { Program } from './support/program.ts'
import { RawConnection } from './support/raw-connection.ts'

const MEGABYTE = 1_048_576
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mc-test-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function run(
  args: readonly string[],
  stop = AbortSignal.abort(),
): Promise<{ code: number; out: string; error: string }> {
  let out = ''
  let error = ''
  const code = await runMcServer(args, {
    out: (text) => {
      out += text
    },
    error: (text) => {
      error += text
    },
    stop,
  })
  return { code, out, error }
}

describe('the options of mc-server', () => {
  test('are memcached’s by default, on loopback', () => {
    expect(parseMcServerOptions([])).toMatchObject({
      host: '127.0.0.1',
      port: 11_211,
      memoryLimit: 64 * MEGABYTE,
      itemSizeMax: MEGABYTE,
    })
  })

  test.each([
    [['-p', '-1'], { port: 0 }],
    [['-p11212'], { port: 11_212 }],
    [['--port=11212'], { port: 11_212 }],
    [['--port', '11212'], { port: 11_212 }],
    [['-l', '0.0.0.0'], { host: '0.0.0.0', port: 11_211 }],
    [['-l', 'localhost:5'], { host: 'localhost', port: 5 }],
    [['-l', '::1'], { host: '::1', port: 11_211 }],
    [['-l', '[::1]:5'], { host: '::1', port: 5 }],
    [['-s', '/tmp/x'], { path: '/tmp/x' }],
    [['-m', '100'], { memoryLimit: 100 * MEGABYTE }],
    [['-I', '2m'], { itemSizeMax: 2 * MEGABYTE }],
    [['-I', '512K'], { itemSizeMax: 512 * 1024 }],
    [['-I5000'], { itemSizeMax: 5000 }],
    [[], { allowShutdown: false }],
    [['-A'], { allowShutdown: true }],
    [['--enable-shutdown', '-p', '5'], { allowShutdown: true, port: 5 }],
  ])('take %j', (args, options) => {
    expect(parseMcServerOptions(args)).toMatchObject(options)
  })

  test('take files of users and certificates', async () => {
    const [users, key, cert] = ['users', 'key', 'cert'].map((name) => join(directory, name))
    await writeFile(users as string, 'alice:se:cret\nbob:word\n')
    await writeFile(key as string, testCertificate().key)
    await writeFile(cert as string, testCertificate().cert)
    const args = ['-Y', users as string, '-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`]
    expect(parseMcServerOptions(args)).toMatchObject({
      auth: { alice: 'se:cret', bob: 'word' },
      tls: testCertificate(),
    })
  })

  test.each([
    [['-x'], 'unknown option -x'],
    [['--nothing'], 'unknown option --nothing'],
    [['word'], 'unexpected argument word'],
    [['-p'], 'option -p needs a value'],
    [['-p', 'x'], '-p must be a number from -1 to 65535, got x'],
    [['-p', '65536'], '-p must be a number'],
    [['-p', '0'], '-p 0 leaves nothing to listen on'],
    [['-l', 'a,b'], '-l takes one address'],
    [['-m', '0'], '-m must be a number'],
    [['-I', '1'], '-I must be at least 1024 bytes'],
    [['-I', '2000m'], '-I must be at most 1 gigabyte'],
    [['-I', '1g'], '-I must be a number of bytes, k or m'],
    [['-Y', '/nowhere'], '-Y: ENOENT'],
    [['-Z'], '-Z needs -o ssl_chain_cert=<file>,ssl_key=<file>'],
    [['-o', 'modern'], '-o: unknown or incomplete option modern'],
  ])('refuse %j with exit code 2', async (args, message) => {
    const { code, out, error } = await run(args)
    expect([code, out]).toEqual([2, ''])
    expect(error).toContain(`mc-server: ${message}`)
  })

  test('ask for help', async () => {
    const { code, out, error } = await run(['-Zh'])
    expect([code, error]).toEqual([0, ''])
    expect(out).toContain('--max-item-size')
  })
})

describe('mc-server', () => {
  test('says where it listens, serves, and stops when it is told', async () => {
    const stop = new AbortController()
    let heard: (line: string) => void
    const listening = new Promise<string>((resolve) => {
      heard = resolve
    })
    const exit = runMcServer(['-p', '-1'], {
      out: (text) => heard(text),
      error: (text) => heard(text),
      stop: stop.signal,
    })
    const name = /^mc-server listens on (127\.0\.0\.1:\d+)\n$/.exec(await listening)?.[1] ?? ''
    const connection = await RawConnection.open(name)
    expect(await connection.ask('mn\r\n')).toBe('MN\r\n')
    stop.abort()
    expect(await exit).toBe(0)
    await expect(RawConnection.open(name)).rejects.toThrow('ECONNREFUSED')
  })

  test('exits with 1 where it cannot listen', async () => {
    const { code, error } = await run(['-s', '/nowhere/socket'])
    expect(code).toBe(1)
    expect(error).toMatch(/^mc-server: listen /)
  })
})

describe('the program mc-server', () => {
  let program: Program
  afterEach(() => program[Symbol.asyncDispose]())

  test.each(['SIGTERM', 'SIGINT'] as const)('stops at %s, connections and all', async (signal) => {
    program = new Program(['-p', '-1', '-l', '127.0.0.1'])
    const name = await program.name()
    const connection = await RawConnection.open(name)
    expect(await connection.ask('mn\r\n')).toBe('MN\r\n')
    expect(await program.stop(signal)).toEqual([0, null])
    await connection.until('never')
    expect(connection.closed).toBe(true)
    expect(program.error).toBe('')
  })

  test('listens on a Unix socket with limits and users, and removes it', async () => {
    const [path, users] = [join(directory, 'socket'), join(directory, 'program-users')]
    await writeFile(users, 'alice:secret\n')
    program = new Program(['-s', path, '-m', '2', '-I', '2k', '-Y', users])
    const name = await program.name()
    expect(name).toBe(path)
    const connection = await RawConnection.open(name)
    connection.write('mn\r\n')
    expect(await connection.until('\r\n')).toBe('CLIENT_ERROR unauthenticated\r\n')
    const settings = await connection.ask('set x 0 0 12\r\nalice secret\r\nstats settings\r\n')
    expect(settings).toMatch(/^STORED\r\n.*STAT maxbytes 2097152\r\n.*item_size_max 2048\r\n/s)
    expect(await program.stop('SIGTERM')).toEqual([0, null])
    await expect(stat(path)).rejects.toThrow('ENOENT')
  })

  test('speaks TLS', async () => {
    const [key, cert] = [join(directory, 'program-key'), join(directory, 'program-cert')]
    await writeFile(key, testCertificate().key)
    await writeFile(cert, testCertificate().cert)
    program = new Program(['-p', '-1', '-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`])
    expect(await ask({ name: await program.name() }, 'mn\r\n', true)).toBe('MN\r\n')
  })

  test('stops at the shutdown command where -A allows it', async () => {
    program = new Program(['-p', '-1', '-A'])
    const connection = await RawConnection.open(await program.name())
    connection.write('shutdown\r\n')
    expect(await connection.until('never')).toBe('')
    expect(await program.exit).toEqual([0, null])
    expect(program.error).toBe('')
  })

  test('closes a connection of the binary protocol, and prints why', async () => {
    program = new Program(['-p', '-1'])
    const connection = await RawConnection.open(await program.name())
    connection.write('\x80')
    expect(await connection.until('never')).toBe('')
    await program.stop('SIGTERM')
    expect(program.error).toMatch(/^mc-server: closed tcp:127\.0\.0\.1:\d+: it speaks the binary /)
  })

  test('ends with 2 for bad options', async () => {
    program = new Program(['--nothing'])
    expect(await program.exit).toEqual([2, null])
    expect(program.error).toBe('mc-server: unknown option --nothing\nTry mc-server -h\n')
    expect(program.out).toBe('')
  })
})
