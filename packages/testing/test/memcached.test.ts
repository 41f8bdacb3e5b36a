import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { bundledText } from '../../../test-support/bundle.ts'
import { memcached, testCertificate } from '../src/index.ts'
import { ask } from './support/conversation.ts'
import { RawConnection } from './support/raw-connection.ts'

test('memcached.start says that a program is missing, or what it complained of', async () => {
  await expect(memcached.start({ binary: '/nowhere/memcached' })).rejects.toThrow(
    /did not start: .*ENOENT/,
  )
  await expect(
    memcached.start({ binary: process.execPath, args: ['--no-such-option'] }),
  ).rejects.toThrow(/memcached did not start: .*bad option/s)
})

describe('memcached.find', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test('answers the program that MEMCACHED names, and refuses what is none', () => {
    vi.stubEnv('MEMCACHED', process.execPath)
    expect(memcached.find()).toBe(process.execPath)
    vi.stubEnv('MEMCACHED', '/nowhere/memcached')
    expect(() => memcached.find()).toThrow(
      'MEMCACHED must be the path of a program, got /nowhere/memcached',
    )
  })

  test('looks on the PATH otherwise', () => {
    vi.stubEnv('MEMCACHED', '')
    vi.stubEnv('PATH', '/nowhere')
    expect(memcached.find()).toBeUndefined()
  })
})

describe('memcached.start runs a real memcached', { tags: ['memcached'] }, () => {
  test('on a free port, until it is stopped', async () => {
    await using server = await memcached.start({ binary: memcached.find() })
    expect(server.name).toBe(`127.0.0.1:${server.port}`)
    expect(await ask(server, 'version\r\n')).toMatch(/^VERSION \d/)
    await Promise.all([server.stop(), server[Symbol.asyncDispose]()])
    await expect(RawConnection.open(server.name)).rejects.toThrow('ECONNREFUSED')
  })

  test('on a Unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mc-test-'))
    const path = join(directory, 'socket')
    onTestFinished(() => rm(directory, { recursive: true }))
    await using server = await memcached.start({ path })
    expect([server.name, server.port]).toEqual([path, 0])
    expect(await ask(server, 'mn\r\n')).toBe('MN\r\n')
  })

  test('on a Unix socket it leaves links of modules as they are resolved', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mc-test-'))
    const require = createRequire(join(directory, 'index.js'))
    const [first, second] = ['one', 'other'] as const
    for (const name of [first, second]) {
      await mkdir(join(directory, 'store', name), { recursive: true })
      await writeFile(join(directory, 'store', name, 'index.js'), 'module.exports = __filename')
      await mkdir(join(directory, 'node_modules'), { recursive: true })
      await symlink(join(directory, 'store', name), join(directory, 'node_modules', name))
    }
    require(first)
    const server = await memcached.start({ path: join(directory, 'socket') })
    await server.stop()
    expect(require(second)).toContain('store')
    await rm(directory, { recursive: true })
  })

  test('with TLS', async () => {
    await using server = await memcached.start({ tls: testCertificate() })
    expect(await ask(server, 'mn\r\n', true)).toBe('MN\r\n')
  })

  test('with users', async () => {
    await using server = await memcached.start({ auth: { alice: 'secret' } })
    const connection = await RawConnection.open(server.name)
    connection.write('version\r\n')
    expect(await connection.until('\r\n')).toBe('CLIENT_ERROR unauthenticated\r\n')
    expect(await connection.ask('set x 0 0 12\r\nalice secret\r\nmn\r\n')).toBe('STORED\r\nMN\r\n')
  })

  test('and leaves none behind, nor its files, when the process ends by an error', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mc-test-'))
    const script = `
        import { memcached } from '@mc/testing'
        process.stdout.write((await memcached.start()).name)
        throw new Error('forgotten')`
    const program = bundledText(script, new URL('..', import.meta.url))
    const { stdout, status } = spawnSync(process.execPath, [program], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: directory },
    })
    expect([stdout, status]).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/), 1])
    await expect
      .poll(() => RawConnection.open(stdout).then(() => 'open', String))
      .toMatch('ECONNREFUSED')
    const left = (await readdir(directory)).filter((name) => name.startsWith('mc-memcached-'))
    expect(left).toEqual([])
    await rm(directory, { recursive: true })
  })

  test('with options of its own', async () => {
    await using server = await memcached.start({ args: ['-m', '100'] })
    expect(await ask(server, 'stats settings\r\n')).toContain('STAT maxbytes 104857600\r\n')
  })
})
