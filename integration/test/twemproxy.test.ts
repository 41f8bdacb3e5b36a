import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@mc/client'
import { memcached } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pathOf } from '../src/programs.ts'
import type { RunningServer } from '../src/servers.ts'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves when commands get through. */
async function accepting(name: string): Promise<void> {
  const client = new Client(name, { dialect: 'text', reconnectDelay: { initial: 5, max: 5 } })
  const deadline = performance.now() + 10_000
  for (;;) {
    try {
      await client.get('any')
      return await client.close()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

describe('through twemproxy', { tags: ['memcached', 'twemproxy'] }, () => {
  let servers: RunningServer[]
  let proxy: ChildProcess
  let name: string
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mc-twemproxy-'))
    servers = await Promise.all([1, 2].map(() => memcached.start()))
    const [port, statsPort] = [await freePort(), await freePort()]
    name = `127.0.0.1:${port}`
    const lines = [
      'alpha:',
      `  listen: ${name}`,
      '  hash: fnv1a_64',
      '  distribution: ketama',
      '  servers:',
      ...servers.map((server) => `   - ${server.name}:1`),
    ]
    const config = join(folder, 'nutcracker.yml')
    writeFileSync(config, `${lines.join('\n')}\n`)
    const log = join(folder, 'log')
    const args = ['-c', config, '-s', String(statsPort), '-a', '127.0.0.1', '-o', log]
    proxy = spawn(pathOf('twemproxy'), [...args, '-p', join(folder, 'pid')], { stdio: 'ignore' })
    await accepting(name)
  })
  afterAll(async () => {
    proxy.kill()
    await once(proxy, 'exit')
    await Promise.all(servers.map((server) => server.stop()))
    rmSync(folder, { recursive: true })
  })

  test.each(['auto', 'text'] as const)('plain commands work, dialect %s', async (dialect) => {
    const client = new Client(name, { dialect, timeout: 10_000, connectTimeout: 10_000 })
    const key = (part: string) => `${dialect}-${part}`
    expect(await client.set(key('a'), 'one')).toBe(true)
    expect(await client.get(key('a'))).toBe('one')
    expect(await client.get(key('none'))).toBeUndefined()
    expect(await client.add(key('a'), 'two')).toBe(false)
    expect(await client.replace(key('a'), 'two')).toBe(true)
    expect(await client.append(key('a'), '!')).toBe(true)
    const item = await client.gets(key('a'))
    expect(item?.value).toBe('two!')
    expect(await client.cas(key('a'), 'three', item?.cas ?? '')).toBe(true)
    expect(await client.set(key('n'), 5)).toBe(true)
    expect(await client.incr(key('n'), 2)).toBe(7)
    const entries = Array.from({ length: 500 }, (_, i) => [key(`m${i}`), i] as const)
    expect(await client.setMany(entries)).toEqual([])
    const found = await client.getMany(entries.map(([name]) => name))
    expect(found).toEqual(new Map(entries))
    expect(await client.delete(key('a'))).toBe(true)
    expect(await client.touch(key('n'), 10)).toBe(true)
    await client.close()
  })

  test.each([-1, new Date(0)])('what expires at once does so, %s', async (expire) => {
    const client = new Client(name, { timeout: 10_000, connectTimeout: 10_000 })
    let disconnects = 0
    client.on('disconnect', () => disconnects++)
    const stored = (value: string) => client.set('k', value)
    const calls: Record<string, () => Promise<unknown>> = {
      set: () => client.set('k', 'x', { expire }),
      add: () => client.delete('k').then(() => client.add('k', 'x', { expire })),
      replace: () => client.replace('k', 'x', { expire }),
      cas: async () => client.cas('k', 'x', (await client.gets('k'))?.cas ?? '', { expire }),
      setMany: () => client.setMany({ k: 'x' }, { expire }),
      touch: () => client.touch('k', expire),
    }
    for (const [method, call] of Object.entries(calls)) {
      await stored('before')
      await call()
      expect(await client.get('k'), method).toBeUndefined()
    }
    expect(disconnects).toBe(0)
    await client.close()
  })
})
