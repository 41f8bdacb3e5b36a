import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Client } from '@mc/client'
import { MemcachedServer, type TestServer } from '@mc/testing'
import headless from '@xterm/headless'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { isLong } from '../../../test-support/amounts.ts'
import { bundled } from '../../../test-support/bundle.ts'
import { HotCounts } from '../src/top/hot-counts.ts'
import { screenOf } from '../src/top/screen.ts'
import { View } from '../src/top/view.ts'
import { mc } from './support/run.ts'
import { deadServer, SERVERS } from './support/servers.ts'
import { FakeTerminal } from './support/terminal.ts'

const INTERVAL = ['-i', '0.05']

describe.each(SERVERS)('top of a fleet of $name', { tags: ['long'] }, ({ start, tags }) => {
  let servers: TestServer[]
  let client: Client
  let list: string
  let traffic: NodeJS.Timeout

  beforeAll(async () => {
    servers = await Promise.all([start(), start()])
    list = servers.map(({ name }) => name).join()
    client = new Client(servers[0]?.name as string, { timeout: 30_000 })
    await client.set('user:1', 'x')
    traffic = setInterval(() => {
      for (let i = 0; i < 3; i++) void client.get('user:1')
      void client.set('page:\x9bhome', 'x').catch(() => {})
      void client.set('page:home', 'x')
    }, 5)
  })
  afterAll(async () => {
    clearInterval(traffic)
    await client.close()
    await Promise.all(servers.map((server) => server.stop()))
  })

  test('shows servers, rates and the hottest keys and prefixes', { tags }, async () => {
    const terminal = new FakeTerminal(['top', '-s', list, ...INTERVAL], 140, 20)
    const screen = () => terminal.lines.join('\n')
    await expect.poll(screen).toMatch(/^user:1 .*user: /m)
    // Hits are those between two samples.
    await expect.poll(screen).toMatch(/^127\S+ +2 .* of 1\.0 GB +\d+\.\d% .*[▁▂▃▄▅▆▇█]/m)
    expect(terminal.isOtherScreen).toBe(true)
    expect(terminal.isRaw).toBe(true)
    const { lines } = terminal
    expect(lines[0]).toMatch(/^mc top {2}2 servers {2}\d\d:\d\d:\d\d {2}by server {2}q quit/)
    expect(lines[2]).toMatch(/^server +items +memory +hits +ops\/s +evict\/s +conns$/)
    expect(lines.join('\n')).toMatch(/^all +2 /m)
    terminal.type('q')
    expect(await terminal.exit).toBe(0)
    await expect.poll(() => terminal.isOtherScreen).toBe(false)
    expect(terminal.isRaw).toBe(false)
  })

  test('sorts by what is chosen, and follows the size of the terminal', { tags }, async () => {
    const dead = await deadServer()
    const terminal = new FakeTerminal(['top', '-s', `${dead},${list}`, ...INTERVAL], 120, 20)
    await expect.poll(() => terminal.lines.join('\n')).toContain('ECONNREFUSED')
    // The servers that are there are watched all the same.
    await expect.poll(() => terminal.lines.join('\n')).toMatch(/^user:1 /m)
    terminal.type('s')
    await expect.poll(() => terminal.lines[0]).toContain('by ops')
    await expect.poll(() => terminal.lines[3]).toContain(servers[0]?.name)
    terminal.type('r')
    await expect.poll(() => terminal.lines[5]).toContain(servers[0]?.name)
    terminal.resize(40, 8)
    await expect.poll(() => terminal.lines[0]).toMatch(/^mc top {2}3 servers/)
    expect(terminal.lines.length).toBe(8)
    // Nothing runs on into the next line.
    await expect.poll(() => terminal.lines[3]).toMatch(/^127/)
    await expect.poll(() => terminal.lines[4]).toMatch(/^127/)
    terminal.type('\x03')
    expect(await terminal.exit).toBe(0)
  })

  test('without a terminal it prints lines', { tags }, async () => {
    const controller = new AbortController()
    const { exit, out } = await mc(['top', '-s', list, ...INTERVAL], {
      signal: controller.signal,
      onOutput: (text) => {
        if (text.includes('hottest keys') && text.includes('user:1')) controller.abort()
      },
    })
    expect(exit).toBe(0)
    expect(out).toMatch(/hottest keys, reads\+writes: user:1 \d+\+0/)
  })
})

test('quits at once, even while a server does not answer', async () => {
  await using server = await MemcachedServer.start()
  server.inject({ kind: 'hang', command: 'stats' })
  const argv = ['top', '-s', server.name, '--timeout', '60000', ...INTERVAL]
  const terminal = new FakeTerminal(argv, 120, 20)
  await server.waitFor(1, 'stats')
  terminal.type('q')
  expect(await terminal.exit).toBe(0)
  expect(terminal.isRaw).toBe(false)
})

test('dropped events and missing keys are said', () => {
  const view = new View()
  view.keys = [{ name: 'key', reads: 1, writes: 0 }]
  view.skipped = 1_500
  const text = () =>
    screenOf(view, 120, 10, '12:00:00')
      .flat()
      .map((it) => it.text)
      .join('')
  expect(text()).toContain('hottest keys, without 1.5k dropped events')
  view.keysProblem = 'the server does not know the command'
  expect(text()).toContain('the server does not know the command')
})

test('a key cannot control the terminal', () => {
  const view = new View()
  view.keys = [{ name: '\x1b[2J\x9bkey', reads: 1, writes: 0 }]
  const text = screenOf(view, 80, 10, '12:00:00')
    .flat()
    .map((segment) => segment.text)
    .join('')
  expect(text).toContain('?[2J?key')
})

test('the frequent names are counted in bounded memory', () => {
  const counts = new HotCounts(10)
  for (let i = 0; i < 1_000; i++) {
    counts.read(`rare:${i}`)
    counts.read('hot')
    counts.written('hot')
    counts.read('warm')
  }
  expect(counts.top(2)).toEqual([
    { name: 'hot', reads: 0, writes: 1_000 },
    { name: 'warm', reads: 1_000, writes: 0 },
  ])
  expect(counts.top(1_000).length).toBeLessThanOrEqual(20)
})

/**
 * Runs a program on a terminal of its own, whose keys and screen are these pipes. A line of a NUL, rows and columns
 * among the keys makes it another size. Afterwards it says whether the terminal echoes and edits lines.
 */
const PSEUDO_TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
import fcntl, select, struct, termios
def resize(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
resize(20, 120)
while True:
    ready, _, _ = select.select([terminal, 0], [], [])
    try:
        if terminal in ready: os.write(1, os.read(terminal, 65536))
        if 0 in ready:
            keys = os.read(0, 1024)
            if keys[:1] == b'\\0':
                size, _, keys = keys[1:].partition(b'\\n')
                resize(*map(int, size.split()))
            os.write(terminal, keys)
    except OSError: break
_, status = os.waitpid(pid, 0)
flags = termios.tcgetattr(terminal)[3]
os.write(2, b'cooked' if flags & termios.ECHO and flags & termios.ICANON else b'raw')
sys.exit(os.waitstatus_to_exitcode(status))
`

describe.each(isLong ? SERVERS : [])(
  'top of $name on a pseudo-terminal',
  { tags: ['long', 'python3'], timeout: 60_000 },
  ({ start, tags }) => {
    let server: TestServer
    beforeAll(async () => {
      server = await start()
    })
    afterAll(() => server.stop())

    test.each([
      ['q', 'q'],
      ['Ctrl-C', '\x03'],
    ])('obeys keys, follows its size, and %s leaves it as it was', { tags }, async (_, end) => {
      await using client = new Client(server.name, { timeout: 30_000 })
      const send = () => void client.set('user:1', 'x').catch(() => {})
      const traffic = setInterval(send, 5)
      onTestFinished(() => clearInterval(traffic))
      const argv = ['top', '-s', `${server.name},${await deadServer()}`, ...INTERVAL]
      const program = [process.execPath, bundled(new URL('../src/bin/mc.ts', import.meta.url))]
      const child = spawn('python3', ['-c', PSEUDO_TERMINAL, ...program, ...argv])
      onTestFinished(() => void child.kill())
      const screen = new headless.Terminal({ cols: 120, rows: 20, allowProposedApi: true })
      let err = ''
      child.stdout.on('data', (bytes: Buffer) => screen.write(bytes))
      child.stderr.on('data', (bytes: Buffer) => {
        err += bytes
      })
      const { buffer } = screen
      const line = (i: number) =>
        buffer.active.getLine(i)?.translateToString(true, 0, screen.cols) ?? ''
      const lines = () => Array.from({ length: screen.rows }, (_, i) => line(i))
      await expect.poll(() => lines().join('\n')).toMatch(/^user:1 .*user: /m)
      expect(buffer.active.type).toBe('alternate')
      await expect.poll(() => lines().join('\n')).toMatch(/^127\S+ +connect ECONNREFUSED/m)
      expect(lines().filter((it) => it.startsWith(server.name))).toHaveLength(1)
      child.stdin.write('s')
      await expect.poll(() => line(0)).toContain('by ops')
      await expect.poll(() => line(3)).toContain(server.name)
      child.stdin.write('r')
      await expect.poll(() => line(0)).toContain('by ops reversed')
      await expect.poll(() => line(4)).toContain(server.name)
      screen.resize(47, 9)
      child.stdin.write('\x009 47\n')
      // The title is cut, and nothing runs on into the next line.
      await expect
        .poll(() => line(0))
        .toMatch(/^mc top {2}2 servers {2}\S+ {2}by ops reversed {2}q$/)
      await expect.poll(() => line(4)).toContain(server.name)
      await expect.poll(() => line(7)).toMatch(/^hot… +reads +writes {2}hot… +reads +writes *$/)
      await expect.poll(() => line(8)).toMatch(/^use… +\d/)
      const exit = once(child, 'close')
      child.stdin.write(end)
      expect([...(await exit), err]).toEqual([0, null, 'cooked'])
      clearInterval(traffic)
      await expect.poll(() => buffer.active.type).toBe('normal')
      expect(lines().join('').trim()).toBe('')
    })
  },
)
