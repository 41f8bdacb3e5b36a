import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ConfigurationEndpointServer, MemcachedServer } from '@mc/testing'
import headless from '@xterm/headless'
import { describe, expect, type TestFunction, test } from 'vitest'
import { isTurn } from '../../test-support/amounts.ts'
import { bundled } from '../../test-support/bundle.ts'

const examples = fileURLToPath(new URL('..', import.meta.url))

/** Runs its arguments with a terminal as their output. */
const IN_TERMINAL = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)'

const PATIENCE = { timeout: 20_000 }

/** What an example prints on servers of its own. Rejects if it fails. */
async function outputOf(file: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [bundled(join(examples, file))],
    { env: { ...process.env, MEMCACHED_SERVERS: '', ...env }, timeout: 25_000 },
  )
  expect(stderr).toBe('')
  return stdout
}

/** Each takes a process for seconds: quick runs take a third of them, others by another seed. */
let count = 0
function testInTurn(name: string, body: TestFunction): void {
  if (isTurn(count++, 3)) test(name, body)
}

describe.concurrent('examples', { tags: ['long'] }, () => {
  testInTurn('quickstart shows hit, miss and expiry, many keys, CAS and a counter', async () => {
    const output = await outputOf('quickstart/quickstart.ts')
    expect(output).toMatch(/miss user 1 .*\n +hit +user 1 .*\n +miss user 1 .* after 3 s/)
    expect(output).toContain('3 of 4 keys were there')
    expect(output).toContain('stock is 0,')
    expect(output).toContain('visits: 1000')
  })

  testInTurn('compose-by-hand reads its keys from the pools of three servers', async () => {
    const output = await outputOf('compose-by-hand/compose-by-hand.ts')
    const servers = [...output.matchAll(/(\S+) runs memcached/g)].map(([, server]) => server)
    expect(new Set(servers).size).toBe(3)
    const [, homes = ''] = /Where the keys went\n((?: .*\n)+)/.exec(output) ?? []
    const placed = [...homes.matchAll(/^ +\w+ +(\S+)$/gm)].map(([, server]) => server)
    expect(placed).toHaveLength(6)
    for (const server of placed) expect(servers).toContain(server)
    expect(output).toContain('grace has logged in 4 times')
    expect(output).toContain('6 of 7 keys were there')
  })

  testInTurn('test-your-code has a bug that only the faults find', async () => {
    const output = await outputOf('test-your-code/test-your-code.ts')
    const [bug = '', corrected = ''] = output.split('The service, corrected')
    expect(bug).toMatch(
      /with the mock +passes\n.*embedded server +passes\n.*with faults +fails: set on/,
    )
    expect(corrected.match(/passes/g)).toHaveLength(3)
  })

  testInTurn(
    'web-app loads a page once for all, keeps sessions, and does without its cache',
    async () => {
      const output = await outputOf('web-app/web-app.ts', { PORT: '' })
      expect(output).toContain('20 requests at once: 20 answered, 1 loaded\n')
      expect(output).toContain('third visit: {"visits":3}\n')
      expect(output).toContain('the cache is silent: the page came in time\n')
    },
  )

  testInTurn(
    'opentelemetry records spans below that of their caller, hits and misses, and no key',
    async () => {
      const output = await outputOf('opentelemetry/opentelemetry.ts')
      expect(output).toContain(
        '  set 127.0.0.1\n  getMany 127.0.0.1\n  get 127.0.0.1, MEMCACHE_SERVER_ERROR\na request\n',
      )
      expect(output).toContain('memcached.client.hits getMany 1\n')
      expect(output).toContain('memcached.client.misses getMany 2\n')
      expect(output).not.toMatch(/user:|Ada/)
    },
  )

  testInTurn(
    'elasticache scales its cluster, only the keys that must move do, and no caller sees an error',
    async () => {
      const output = await outputOf('elasticache/elasticache.ts', { ELASTICACHE_ENDPOINT: '' })
      const [start = '', grown = '', shrunk = ''] = output.split(/^Scaling .*$/m)
      expect(start).toMatch(
        /^Version 1 of the list, 3 nodes\n(?: +cache\.000\d\.test:\d+ +\d+ keys\n){3}/,
      )
      expect(grown).toMatch(
        /^added cache\.0004.*\nadded cache\.0005.*\nVersion 2 of the list, 5 nodes$/m,
      )
      const [out, back] = [grown, shrunk].map((part) =>
        [...part.matchAll(/keys moved cache\.000(\d)\S+ -> cache\.000(\d)/g)].map(
          ([, from, to]) => [from, to],
        ),
      )
      expect(out).toHaveLength(6)
      for (const [, to] of out ?? []) expect(['4', '5']).toContain(to)
      expect(shrunk).toMatch(/Version 3 of the list, 2 nodes$/m)
      expect(back).toHaveLength(6)
      for (const [from] of back ?? []) expect(['1', '2', '3']).toContain(from)
      expect(output).toContain('errors seen by callers: 0\n')
    },
  )

  testInTurn(
    'elasticache follows the cluster of an endpoint that it is given, until it is interrupted',
    async ({
      expect, // of this test: polls of concurrent tests need it
    }) => {
      await using a = await MemcachedServer.start()
      await using b = await MemcachedServer.start()
      const nodes = [a, b].map(({ port }, i) => ({ host: `node-${i}.test`, ip: '127.0.0.1', port }))
      await using endpoint = await ConfigurationEndpointServer.start({ nodes: nodes.slice(0, 1) })
      const child = spawn(
        process.execPath,
        [bundled(join(examples, 'elasticache/elasticache.ts'))],
        {
          env: { ...process.env, ELASTICACHE_ENDPOINT: endpoint.name },
        },
      )
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
      const exit = once(child, 'exit')
      await expect.poll(() => output, PATIENCE).toContain('Waiting for changes of the cluster')
      endpoint.setNodes(nodes)
      await expect.poll(() => output, PATIENCE).toContain('keys stayed')
      child.kill('SIGINT')
      expect(await exit).toEqual([0, null])
      expect(output).toMatch(/added node-1\.test:\d+\nVersion 2 of the list, 2 nodes/)
      expect(output).toContain('errors seen by callers: 0\n')
    },
  )

  testInTurn(
    'stampede loads once per expiry by fetch and reads nothing old, by hand many times and old values',
    async () => {
      const output = await outputOf('stampede/stampede.ts', { SECONDS: '4' })
      expect(output.match(/^\d s {3}by hand: loads \d+, .* fetch: loads \d+, /gm)).not.toBeNull()
      const [, loads = '', old = ''] =
        /^by hand: (\S+) loads per expiry, (\d+) old reads of \d+$/m.exec(output) ?? []
      expect(Number(loads)).toBeGreaterThan(5)
      expect(Number(old)).toBeGreaterThan(0)
      expect(output).toMatch(/^fetch: 1\.0 loads per expiry, 0 old reads of [1-9]\d*\n$/m)
    },
  )

  test('stampede draws bars over each other in a terminal', { tags: ['python3'] }, async () => {
    const { stdout } = await promisify(execFile)(
      'python3',
      ['-c', IN_TERMINAL, process.execPath, bundled(join(examples, 'stampede/stampede.ts'))],
      { env: { ...process.env, SECONDS: '1.5' }, timeout: 25_000 },
    )
    const screen = new headless.Terminal({ cols: 120, rows: 40, allowProposedApi: true })
    await new Promise<void>((resolve) => screen.write(stdout, resolve))
    const lines = Array.from({ length: 16 }, (_, i) => {
      return screen.buffer.active.getLine(i)?.translateToString().trimEnd() ?? ''
    })
    const start = lines.findIndex((line) => /^ +by hand +fetch$/.test(line))
    expect(lines.slice(start, start + 8)).toEqual([
      expect.stringContaining('by hand'),
      expect.stringMatching(/^loads per second +█+ \d+ +█* ?\d+$/),
      expect.stringMatching(/^loads so far +\d+ +\d+$/),
      expect.stringMatching(/^old reads +\d+ +0$/),
      expect.stringMatching(/^oldest value +\S+/),
      '',
      expect.stringMatching(/^by hand: /),
      expect.stringMatching(/^fetch: /),
    ])
    // Each frame but the first is written over the one before.
    expect(stdout.split('\u001b[5A').length).toBeGreaterThan(3)
  })

  for (const { kind, env, tags } of [
    { kind: 'embedded server', env: { PATH: '' }, tags: [] },
    { kind: 'memcached', env: {}, tags: ['memcached'] },
  ]) {
    if (!isTurn(count++, 3)) continue
    test(`migrate-fleet stops the old ${kind} and no caller sees an error`, { tags }, async () => {
      const output = await outputOf('migrate-fleet/migrate-fleet.ts', env)
      const [, old, fresh] = /old: .*, (.*), has .*\nnew: .*, (.*), is empty/.exec(output) ?? []
      expect(old).toContain(kind)
      expect(fresh).toBe(old)
      const [during = '', after = ''] = output.split('it is stopped')
      expect(during).toMatch(/ \d+ +\d+\.\d % +[1-9]\d*\.\d % +0\.0 % +0\n/)
      expect(after).toMatch(/ \d+ +[1-9]\d*\.\d % +0\.0 % +\d+\.\d % +0\n/)
      expect(after).toContain('errors seen by callers: 0\n')
    })
  }
})
