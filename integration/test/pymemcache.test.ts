import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { compressedSerde, nativeSerde } from '@mc/serde'
import { memcached } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runPython } from '../src/python.ts'
import type { RunningServer } from '../src/servers.ts'

/** The values of python/values.py in its order, as Node has them. */
const VALUES = [
  'grüße 😀\r\nEND',
  '',
  Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  42,
  -7,
  2n ** 70n,
  'compress me '.repeat(100),
  Buffer.from([0, 1].flatMap((byte) => Array(1000).fill(byte))).map((_, i) => i % 2),
]

describe('on the same servers as pymemcache', { tags: ['memcached', 'pymemcache'] }, () => {
  let servers: RunningServer[]
  const names = () => servers.map(({ name }) => name)
  beforeAll(async () => {
    servers = await Promise.all([1, 2, 3].map(() => memcached.start()))
  })
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  test('what it wrote is read with its type, and a pickle is refused by name', async () => {
    const [server = ''] = names()
    await runPython('values.py', 'write', server)
    const client = new Client(server, { serde: compressedSerde(nativeSerde) })
    for (const [i, value] of VALUES.entries()) {
      expect(await client.get(`python${i}`)).toEqual(value)
    }
    const pickled = client.get('pickled')
    await expect(pickled).rejects.toMatchObject({ code: 'MEMCACHE_SERDE', flags: 1 })
    await expect(pickled).rejects.toThrow(/pickle/)
    await client.close()
  })

  test('what we wrote it reads with its type', async () => {
    const [server = ''] = names()
    const client = new Client(server, { serde: compressedSerde(nativeSerde) })
    for (const [i, value] of VALUES.entries()) await client.set(`node${i}`, value)
    await client.set('node-json', { a: [1, null] })
    await client.close()
    expect(await runPython('values.py', 'read', server)).toEqual({
      text: 'str',
      empty: 'str',
      bytes: 'bytes',
      int: 'int',
      negative: 'int',
      big: 'int',
      'long text': 'str',
      'long bytes': 'bytes',
      json: '{"a":[1,null]}',
    })
  })

  test('1,000 keys that its HashClient placed are found, and those that ours placed it finds', async () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `placed:${i}`)
    await runPython('placement.py', 'write', ...names())
    const client = new HashClient(names())
    const found = await client.getMany(keys)
    // pymemcache without a serde stores bytes.
    expect([...found].map(([key, value]) => [key, String(value)])).toEqual(
      keys.map((key) => [key, `python ${key}`]),
    )
    await client.setMany(keys.map((key) => [key, `node ${key}`] as const))
    await client.close()
    expect(await runPython('placement.py', 'read', ...names())).toEqual(
      Object.fromEntries(keys.map((key) => [key, `node ${key}`])),
    )
  })
})
