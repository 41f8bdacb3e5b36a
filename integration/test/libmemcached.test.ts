import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MemcachedServer } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pathOf } from '../src/programs.ts'

const run = promisify(execFile)

describe("libmemcached's programs work with the embedded server", {
  tags: ['libmemcached'],
}, () => {
  /** Debian puts a c into the names of libmemcached's programs: memccat for memcat. */
  const pathOfTool = (name: string): string => pathOf('libmemcached').replace(/cat$/, name)
  let server: MemcachedServer
  let folder: string
  beforeAll(async () => {
    server = await MemcachedServer.start()
    folder = await mkdtemp(join(tmpdir(), 'mc-libmemcached-'))
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  /** What a program prints, or its exit code where that is not 0. */
  async function tool(name: string, ...args: readonly string[]): Promise<string | number> {
    try {
      const options = [`--servers=${server.name}`, ...args]
      const { stdout } = await run(pathOfTool(name), options, { cwd: folder, timeout: 20_000 })
      return stdout
    } catch (error) {
      const { code } = error as { readonly code: unknown }
      if (typeof code !== 'number') throw error
      return code
    }
  }

  test('memcp stores files under their names', async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i * 7))
    await writeFile(join(folder, 'binary'), bytes)
    await writeFile(join(folder, 'greeting'), 'hello\r\nEND\r\n')
    expect(await tool('cp', '--expire=1000', '--flag=7', 'binary', 'greeting')).toBe('')
    const now = Math.floor(Date.now() / 1000)
    const items = server.snapshot()
    expect(items.map(({ key, flags }) => [key, flags])).toEqual([
      ['binary', 7],
      ['greeting', 7],
    ])
    const values = [bytes, Buffer.from('hello\r\nEND\r\n')]
    expect(items.map(({ value }, i) => values[i]?.equals(value))).toEqual([true, true])
    for (const { exptime } of items) expect(Math.abs(exptime - now - 1000)).toBeLessThan(60)
  })

  test('memcat, memexist, memtouch and memrm read, look up, touch and delete', async () => {
    await writeFile(join(folder, 'text'), 'one line')
    await tool('cp', 'text')
    expect(await tool('cat', 'text')).toBe('one line\n')
    expect(await tool('cat', 'nothing')).toBe(1)
    expect(await tool('exist', 'text')).toBe('')
    expect(await tool('exist', 'nothing')).toBe(1)
    expect(await tool('touch', '--expire=100', 'text')).toBe('')
    expect(await tool('touch', '--expire=100', 'nothing')).toBe(1)
    expect(await tool('rm', 'text')).toBe('')
    expect(await tool('rm', 'text')).toBe(1)
    expect(await tool('cat', 'text')).toBe(1)
  })

  test('memstat and memping read statistics, memflush empties', async () => {
    await writeFile(join(folder, 'text'), 'one line')
    await tool('cp', 'text')
    expect(await tool('stat')).toMatch(/^Server: .*\n(?:\t.+: .*\n)*\tversion: 1\.6\.18\n/)
    expect(await tool('ping')).toBe('')
    expect(await tool('flush')).toBe('')
    expect(server.snapshot()).toEqual([])
  })

  test('memcapable finds nothing missing in the text protocol', async () => {
    const args = ['-h', '127.0.0.1', '-p', String(server.port), '-a', '-t', '20']
    const { stdout } = await run(pathOfTool('capable'), args, { timeout: 60_000 })
    expect(stdout).toMatch(/All tests passed\s*$/)
    expect(stdout).not.toContain('FAIL')
    expect(stdout.match(/\[pass\]/g)?.length).toBeGreaterThan(25)
  })
})
