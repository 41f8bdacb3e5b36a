import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { MemcachedServer } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import {
  DiscoveringHashClient,
  fileServers,
  HashClient,
  type ListedServers,
} from '../../src/index.ts'

let servers: MemcachedServer[]
beforeEach(async () => {
  servers = await Promise.all([1, 2, 3].map(() => MemcachedServer.start()))
})
const clients: HashClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  await Promise.all(servers.map((server) => server.stop()))
})

function track<C extends HashClient>(client: C): C {
  clients.push(client)
  return client
}

const names = (...indexes: number[]) => indexes.map((i) => (servers[i] as MemcachedServer).name)
const listed = (client: HashClient) => client.servers.map(({ name }) => name)

describe('lists that come one after another', () => {
  /** Yields what it is given. */
  class Feed {
    isClosed = false
    readonly #lists: ListedServers[] = []
    #wake: () => void = () => {}

    give(list: ListedServers): void {
      this.#lists.push(list)
      this.#wake()
    }

    async *[Symbol.asyncIterator](): AsyncIterator<ListedServers> {
      try {
        for (;;) {
          const list = this.#lists.shift()
          if (list !== undefined) yield list
          else {
            await new Promise<void>((resolve) => {
              this.#wake = resolve
            })
          }
        }
      } finally {
        this.isClosed = true
      }
    }
  }
  const options = { allowNode: () => true, minPollInterval: 1 }

  test('are the servers, each once and in any order', async () => {
    const feed = new Feed()
    const client = track(new DiscoveringHashClient(feed, options))
    const waiting = client.set('key', 'value')
    feed.give([...names(0), ...names(1), ...names(0)])
    expect(await waiting).toBe(true)
    expect(listed(client)).toEqual(names(0, 1))
    feed.give(new Set(names(2, 1)))
    await expect.poll(() => listed(client).sort()).toEqual(names(1, 2).sort())
    feed.give({ nodes: [{ host: 'cache.test', ip: '127.0.0.1', port: 11_211 }] })
    await expect.poll(() => listed(client)).toEqual(['cache.test:11211'])
    await client.close()
    feed.give([])
    await expect.poll(() => feed.isClosed).toBe(true)
  })

  test.each([
    ['an empty list', [], 'the list has no nodes'],
    ['what is not a server', ['not a server'], 'bad server address'],
    ['one server', 'localhost:11211' as never, 'a list must be an iterable of servers'],
    ['a socket', ['/run/memcached.sock'], 'a Unix socket cannot be in a list'],
  ])('%s keeps the servers, with an event', async (_, list, message) => {
    const feed = new Feed()
    const client = track(new DiscoveringHashClient(feed, options))
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    feed.give(names(0))
    await client.connect()
    feed.give(list)
    await expect.poll(() => errors[0]?.message).toContain(message)
    expect(listed(client)).toEqual(names(0))
  })

  test('that end or fail leave the last one in force', async () => {
    const failing = async function* (): AsyncGenerator<string[]> {
      yield names(0)
      throw new Error('the stream broke')
    }
    const client = track(new DiscoveringHashClient(failing(), options))
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    expect(await client.set('key', 'value')).toBe(true)
    await expect.poll(() => errors[0]?.message).toContain('the stream broke')
    const ended = track(new DiscoveringHashClient(values(names(0)), options))
    expect(await ended.get('key')).toBe('value')
    const none = track(new DiscoveringHashClient(values(), options))
    await expect(none.get('key')).rejects.toThrow('there was no list')
  })

  async function* values(...lists: ListedServers[]): AsyncGenerator<ListedServers> {
    yield* lists
  }

  test('may be URLs, and a node whose password changes gets another client', async () => {
    const secured = await MemcachedServer.start({ auth: { alice: 'second' } })
    servers.push(secured)
    const feed = new Feed()
    const client = track(new DiscoveringHashClient(feed, options))
    const replaced: string[] = []
    client.on('replaced', (name) => replaced.push(name))
    feed.give([`memcached://alice:first@${secured.name}`])
    await expect(client.get('key')).rejects.toThrow('authentication failure')
    feed.give([`memcached://alice:second@${secured.name}`])
    await expect.poll(() => replaced).toEqual([secured.name])
    expect(await client.set('key', 'value')).toBe(true)
    feed.give([`memcached://alice:second@${secured.name}`, ...names(0)])
    await expect.poll(() => listed(client)).toEqual([secured.name, ...names(0)])
    expect(replaced).toHaveLength(1)
  })

  test('are typed', () => {
    expectTypeOf(DiscoveringHashClient).toBeConstructibleWith(values(['a:1'], [['b', 1]]))
    expectTypeOf(new HashClient(['a']).serverFor('key')).toEqualTypeOf<string | undefined>()
  })
})

describe('a file', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mc-servers-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  const options = { minPollInterval: 1, pollInterval: false } as const

  test('lists a server a line, with comments, or as JSON', async () => {
    const path = join(folder, 'servers')
    const client = track(new DiscoveringHashClient(fileServers(path), options))
    await expect(client.get('key')).rejects.toThrow('no such file')
    await writeFile(path, `# the fleet\n\n  ${names(0)} # old\r\n${names(1)}\n`)
    await client.refresh()
    expect(listed(client)).toEqual(names(0, 1))
    await writeFile(path, `[\n  "${names(2)}"]\n`)
    await expect.poll(() => listed(client)).toEqual(names(2))
    await writeFile(path, '[::1]:11211\n')
    await expect.poll(() => listed(client)).toEqual(['::1:11211'])
  })

  test('is followed when it is replaced, as Kubernetes does with a mounted ConfigMap', async () => {
    const mount = async (version: number, text: string): Promise<void> => {
      const data = join(folder, `..version-${version}`)
      await mkdir(data)
      await writeFile(join(data, 'servers'), text)
      await symlink(data, join(folder, '..next'))
      await rename(join(folder, '..next'), join(folder, '..data'))
    }
    await mount(1, names(0).join())
    await symlink('..data/servers', join(folder, 'servers'))
    const client = track(new DiscoveringHashClient(fileServers(join(folder, 'servers')), options))
    await client.connect()
    expect(listed(client)).toEqual(names(0))
    await sleep(1)
    await mount(2, names(1, 2).join('\n'))
    await expect.poll(() => listed(client)).toEqual(names(1, 2))
  })

  test('that is broken JSON is not shown, as it may hold passwords', async () => {
    const path = join(folder, 'servers')
    await writeFile(path, '["memcached://me:secret@a" "b"]')
    const client = track(new DiscoveringHashClient(fileServers(path), options))
    const error: Error = await client.get('key').then(
      () => expect.unreachable(),
      (it) => it,
    )
    expect(error.message).toContain('begins like a JSON array and is none')
    expect(inspect(error)).not.toContain('secret')
  })

  test.each([
    ['is gone', (path: string) => rm(path), 'no such file'],
    ['is empty', (path: string) => writeFile(path, '# nobody\n'), 'the list has no nodes'],
    ['lists nonsense', (path: string) => writeFile(path, 'not a server'), 'bad server address'],
  ])('that %s keeps the servers, with an event', async (_, spoil, message) => {
    const path = join(folder, 'servers')
    await writeFile(path, names(0, 1).join('\n'))
    const client = track(new DiscoveringHashClient(fileServers(path), options))
    const errors: [Error, string][] = []
    client.on('error', (...event) => errors.push(event))
    expect(await client.set('key', 'value')).toBe(true)
    await spoil(path)
    await expect.poll(() => errors.at(-1)?.[0].message).toContain(message)
    expect(errors.at(-1)).toMatchObject([{ code: 'MEMCACHE_DISCOVERY' }, path])
    expect(listed(client)).toEqual(names(0, 1))
    expect(await client.get('key')).toBe('value')
    await writeFile(path, names(1).join('\n'))
    await expect.poll(() => listed(client)).toEqual(names(1))
  })

  test('must have a path', () => {
    expect(() => fileServers(undefined as never)).toThrow('path must be the path of a file')
  })
})

test('a client says on which server a key is, and that there are none', async () => {
  const client = track(new HashClient(names(0, 1, 2)))
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    await client.set(key, 'value')
    const name = client.serverFor(key) as string
    const owner = servers.find((server) => server.name === name)
    expect(owner?.snapshot().map((item) => String(item.key))).toContain(key)
    expect(client.serverFor([key, 'other'])).toBe(name)
  }
  expect(() => client.serverFor('a key')).toThrow('key contains whitespace')
  const none = track(new HashClient([]))
  expect(none.serverFor('key')).toBeUndefined()
  await expect(none.get('key')).rejects.toThrow(
    'there are no servers: give them to the constructor',
  )
})
