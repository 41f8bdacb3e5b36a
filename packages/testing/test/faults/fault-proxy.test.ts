import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  FaultProxy,
  ManualClock,
  MemcachedServer,
  memcached,
  type NetworkFault,
  testCertificate,
} from '../../src/index.ts'
import { ask } from '../support/conversation.ts'
import { misses, Peer, settle, startProxy } from './support.ts'

const VALUE = 'v'.repeat(100)
const SET = `set key 0 0 100\r\n${VALUE}\r\n`
const HIT = `VALUE key 0 100\r\n${VALUE}\r\nEND\r\n`
const BINARY = randomBytes(900_000).toString('latin1')

describe('without faults bytes pass as they are', () => {
  const big = `set big 0 0 ${BINARY.length}\r\n${BINARY}\r\n${'get big\r\n'.repeat(5)}`
  const answer = `VALUE big 0 ${BINARY.length}\r\n${BINARY}\r\nEND\r\n`.repeat(5)

  for (const [name, options] of [
    ['IPv4', {}],
    ['IPv6', { host: '::1' }],
    ['Unix socket', { path: 'memcached.sock' }],
    ['TLS', { tls: testCertificate() }],
  ] as const) {
    test(`over ${name}`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'mc-test-'))
      const path = 'path' in options ? join(directory, options.path) : undefined
      const server = await MemcachedServer.start({ ...options, path })
      const proxy = await FaultProxy.start(server.name)
      expect(await ask(proxy, big, name === 'TLS')).toBe(`STORED\r\n${answer}`)
      await proxy.stop()
      await server.stop()
      await rm(directory, { recursive: true })
    })
  }

  test('to a real memcached', { tags: ['memcached'] }, async () => {
    await using server = await memcached.start()
    await using proxy = await FaultProxy.start(server.name)
    expect(await ask(proxy, big)).toBe(`STORED\r\n${answer}`)
  })

  test('and so does the end of each direction', async () => {
    const { proxy } = await startProxy()
    const peer = await Peer.open(proxy)
    peer.write('version\r\nquit\r\n')
    await expect.poll(() => peer.hasEnded).toBe(true)
    expect(peer.received).toBe('VERSION 1.6.18\r\n')
    expect(peer.isClosed).toBe(false)
    peer.socket.end()
    await expect.poll(() => [peer.isClosed, proxy.connections]).toEqual([true, 0])
  })

  test('in either direction, while the other goes on', async () => {
    let received = ''
    const listener = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (bytes) => {
        received += bytes
      })
      socket.end('bye\r\n')
    })
    await once(listener.listen(0, '127.0.0.1'), 'listening')
    const { port } = listener.address() as { port: number }
    const proxy = await FaultProxy.start(`127.0.0.1:${port}`)
    const peer = await Peer.open(proxy)
    await expect.poll(() => peer.hasEnded).toBe(true)
    expect(peer.received).toBe('bye\r\n')
    peer.write('still here\r\n')
    await expect.poll(() => received).toBe('still here\r\n')
    await proxy.stop()
    await new Promise((resolve) => listener.close(resolve))
  })

  test('a server that is not there resets the connection', async () => {
    const { proxy, server } = await startProxy()
    await server.stop()
    const peer = await Peer.open(proxy)
    await expect.poll(() => peer.error).toBe('ECONNRESET')
  })
})

describe('split', () => {
  test('lets every byte arrive alone', async () => {
    const { proxy } = await startProxy()
    const split = proxy.inject({ kind: 'split', times: 1 })
    const peer = await Peer.open(proxy)
    peer.write('version\r\nversion\r\n')
    await expect.poll(() => peer.received).toBe('VERSION 1.6.18\r\n'.repeat(2))
    expect(peer.chunks.slice(0, 16).join('|')).toBe('V|E|R|S|I|O|N| |1|.|6|.|1|8|\r|\n')
    expect(split.count).toBe(1)
  })

  test('cuts into pieces of a size, or of any', async () => {
    const { proxy } = await startProxy()
    const peer = await Peer.open(proxy)
    const three = proxy.inject({ kind: 'split', size: 3 })
    peer.write('mn\r\nversion\r\n')
    await expect.poll(() => peer.received).toBe('MN\r\nVERSION 1.6.18\r\n')
    expect(peer.chunks).toEqual(['MN\r', '\n', 'VER', 'SIO', 'N 1', '.6.', '18\r', '\n'])
    three.remove()

    proxy.inject({ kind: 'split', size: 'random' })
    peer.chunks.length = 0
    peer.write(`${SET}get key\r\n`)
    await expect.poll(() => peer.received).toBe(`STORED\r\n${HIT}`)
    expect(peer.chunks.length).toBeGreaterThan(4)
    expect(peer.chunks.length).toBeLessThan(60)
  })

  test('cuts requests as well', async () => {
    const { proxy } = await startProxy()
    const split = proxy.inject({ kind: 'split', direction: 'requests' })
    const peer = await Peer.open(proxy)
    peer.write(`${SET}get key\r\n`)
    await expect.poll(() => peer.received).toBe(`STORED\r\n${HIT}`)
    expect(split.count).toBe(2)
  })
})

describe('delay', () => {
  test('holds each message for its time, all at once and in order', async () => {
    const clock = new ManualClock()
    const { proxy } = await startProxy({ clock })
    const delay = proxy.inject({ kind: 'delay', milliseconds: 100 })
    const peer = await Peer.open(proxy)
    const { requests, replies } = misses(1, 2, 3)
    peer.write(requests)
    await delay.happened()
    clock.advance(99)
    await settle()
    expect(peer.received).toBe('')
    clock.advance(1)
    await expect.poll(() => peer.received).toBe(replies)
    expect(delay.count).toBe(3)
  })

  test('for a client that has closed its own direction as well', async () => {
    const clock = new ManualClock()
    const { proxy } = await startProxy({ clock })
    const delay = proxy.inject({ kind: 'delay', milliseconds: 100 })
    const peer = await Peer.open(proxy)
    peer.write('mn\r\n').socket.end()
    await delay.happened()
    await settle()
    clock.advance(100)
    await expect.poll(() => [peer.received, peer.isClosed]).toEqual(['MN\r\n', true])
  })

  test('lets go at once what it holds when it is removed', async () => {
    const { proxy } = await startProxy({ clock: new ManualClock() })
    const delay = proxy.inject({ kind: 'delay', milliseconds: 100, direction: 'requests' })
    const peer = await Peer.open(proxy)
    peer.write('mn\r\n')
    await delay.happened()
    delay.remove()
    await expect.poll(() => peer.received).toBe('MN\r\n')
  })

  test('takes its time by the machine, unless told otherwise', async () => {
    const { proxy } = await startProxy()
    proxy.inject({ kind: 'delay', milliseconds: 30 })
    const start = performance.now()
    expect(await ask(proxy, 'mn\r\n')).toBe('MN\r\n')
    expect(performance.now() - start).toBeGreaterThanOrEqual(29)
  })
})

describe('stall', () => {
  test('lets nothing through until it is removed', async () => {
    const { proxy } = await startProxy()
    const stall = proxy.inject({ kind: 'stall' })
    const peer = await Peer.open(proxy)
    peer.write(SET)
    await stall.happened()
    peer.write('get key\r\n')
    await settle()
    expect(peer.received).toBe('')
    stall.remove()
    await expect.poll(() => peer.received).toBe(`STORED\r\n${HIT}`)
  })

  test('in the middle of a value, until its time is over', async () => {
    const clock = new ManualClock()
    const { proxy } = await startProxy({ clock })
    const stall = proxy.inject({ kind: 'stall', at: 'value', forMilliseconds: 500 })
    const peer = await Peer.open(proxy)
    peer.write(`${SET}get key\r\n`)
    await stall.happened()
    const begun = `STORED\r\nVALUE key 0 100\r\n${VALUE.slice(0, 50)}`
    await expect.poll(() => peer.received).toBe(begun)
    clock.advance(499)
    await settle()
    expect(peer.received).toBe(begun)
    clock.advance(1)
    await expect.poll(() => peer.received).toBe(`STORED\r\n${HIT}`)
  })

  test('holds the server back as well, when there is much to pass', async () => {
    const { proxy, server } = await startProxy()
    const count = 100
    await ask(server, `set big 0 0 ${BINARY.length}\r\n${BINARY}\r\n`)
    const stall = proxy.inject({ kind: 'stall', times: 1 })
    const peer = await Peer.open(proxy)
    peer.write('mg big v\r\n'.repeat(count))
    await stall.happened()
    await settle()
    const written = Number(/bytes_written (\d+)/.exec(await ask(server, 'stats\r\n'))?.[1])
    expect(written).toBeLessThan((count * BINARY.length) / 2)
    stall.remove()
    const whole = count * (`VA ${BINARY.length}\r\n\r\n`.length + BINARY.length)
    await expect
      .poll(() => peer.chunks.reduce((sum, { length }) => sum + length, 0), { timeout: 10_000 })
      .toBe(whole)
  })
})

describe('drop', () => {
  test('loses exactly the next replies', async () => {
    const { proxy } = await startProxy()
    proxy.inject({ kind: 'drop', times: 2 })
    const peer = await Peer.open(proxy)
    peer.write(SET).write(`get key\r\n${misses(1, 2).requests}`)
    await expect.poll(() => peer.received).toBe(misses(1, 2).replies)
  })

  test('loses commands, which the server never sees', async () => {
    const { proxy } = await startProxy()
    const drop = proxy.inject({ kind: 'drop', direction: 'requests', afterCommands: 1, times: 1 })
    const peer = await Peer.open(proxy)
    peer.write(misses(1).requests + SET).write(`get key\r\n${misses(2).requests}`)
    await expect.poll(() => peer.received).toBe(`EN O1\r\nEND\r\nEN O2\r\n`)
    expect(drop.count).toBe(1)
  })

  test('loses the rest of a connection, but no other', async () => {
    const { proxy } = await startProxy()
    const drop = proxy.inject({ kind: 'drop', rest: true, afterReplies: 1, times: 1 })
    const peer = await Peer.open(proxy)
    peer.write(misses(1, 2, 3).requests)
    await drop.happened()
    expect(await ask(proxy, 'version\r\n')).toBe('VERSION 1.6.18\r\n')
    peer.write(misses(4).requests)
    await expect.poll(() => proxy.counts.commands).toBe(6)
    await settle()
    expect(peer.received).toBe('EN O1\r\n')
    peer.socket.end()
    await expect.poll(() => proxy.connections).toBe(0)
  })
})

describe('reset', () => {
  test('in the middle of a value', async () => {
    const { proxy } = await startProxy()
    proxy.inject({ kind: 'reset', at: 'value' })
    const peer = await Peer.open(proxy)
    peer.write(`${SET}get key\r\n`)
    await expect.poll(() => peer.error).toBe('ECONNRESET')
    expect(peer.received).toBe(`STORED\r\nVALUE key 0 100\r\n${VALUE.slice(0, 50)}`)
    expect(proxy.connections).toBe(0)
  })

  test('anywhere in a message, the same for the same seed', async () => {
    const breakOff = async (seed: number): Promise<string> => {
      const { proxy, server } = await startProxy({ seed })
      await ask(server, SET)
      proxy.inject({ kind: 'reset', at: 'anywhere' })
      const peer = await Peer.open(proxy)
      peer.write('mg key v\r\n')
      await expect.poll(() => peer.error).toBe('ECONNRESET')
      return peer.received
    }
    const whole = `VA 100\r\n${VALUE}\r\n`
    const received = await Promise.all([1, 1, 2, 3].map(breakOff))
    for (const part of received) expect(whole.startsWith(part)).toBe(true)
    expect(received[0]).toBe(received[1])
    expect(new Set(received).size).toBe(3)
  })

  test('of a request, which the server does not get', async () => {
    const { proxy, server } = await startProxy()
    proxy.inject({ kind: 'reset', direction: 'requests', at: 'value' })
    const peer = await Peer.open(proxy)
    peer.write(SET)
    await expect.poll(() => peer.error).toBe('ECONNRESET')
    expect(await ask(server, 'get key\r\n')).toBe('END\r\n')
  })

  test('of all connections at once, idle ones included', async () => {
    const { proxy } = await startProxy()
    const peers = await Promise.all([Peer.open(proxy), Peer.open(proxy)])
    await expect.poll(() => proxy.connections).toBe(2)
    proxy.resetConnections()
    await expect.poll(() => peers.map(({ error }) => error)).toEqual(['ECONNRESET', 'ECONNRESET'])
    expect(await ask(proxy, 'mn\r\n')).toBe('MN\r\n')
  })

  test('by the client takes away what the proxy holds back', async () => {
    const { proxy, server } = await startProxy()
    const stalled = proxy.inject({ kind: 'stall', direction: 'requests' })
    const peer = await Peer.open(proxy)
    // The proxy finds the bytes and the reset at once, which libuv reports as an orderly end.
    peer.write(SET).socket.resetAndDestroy()
    await expect.poll(() => stalled.count).toBe(1)
    await settle()
    proxy.clear()
    await expect.poll(() => proxy.connections).toBe(0)
    expect(await ask(server, 'get key\r\n')).toBe('END\r\n')
  })

  test('where the server is on a Unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mc-test-'))
    const { proxy } = await startProxyAt(join(directory, 'socket'))
    proxy.inject({ kind: 'reset' })
    const peer = await Peer.open(proxy)
    peer.write('mn\r\n')
    await expect.poll(() => peer.error).toBe('ECONNRESET')
    await rm(directory, { recursive: true })
  })
})

describe('half-close', () => {
  test('ends the replies, while commands still reach the server', async () => {
    const { proxy, server } = await startProxy()
    proxy.inject({ kind: 'half-close', at: 'value' })
    const peer = await Peer.open(proxy)
    peer.write(`${SET}get key\r\n`)
    await expect.poll(() => peer.hasEnded).toBe(true)
    expect(peer.received).toBe(`STORED\r\nVALUE key 0 100\r\n${VALUE.slice(0, 50)}`)
    peer.write('delete key\r\n')
    await expect.poll(() => ask(server, 'get key\r\n')).toBe('END\r\n')
    peer.socket.end()
    await expect.poll(() => proxy.connections).toBe(0)
  })

  test('ends the commands: the server answers what it got, and closes', async () => {
    const { proxy } = await startProxy()
    proxy.inject({ kind: 'half-close', direction: 'requests', afterCommands: 1 })
    const peer = await Peer.open(proxy)
    peer.write(misses(1, 2).requests)
    await expect.poll(() => peer.hasEnded).toBe(true)
    expect(peer.received).toBe('EN O1\r\n')
  })
})

describe('garbage', () => {
  test('is put before a reply, or into a value', async () => {
    const { proxy } = await startProxy()
    const peer = await Peer.open(proxy)
    proxy.inject({ kind: 'garbage', bytes: 'HD\r\n', times: 1 })
    peer.write('mn\r\n')
    await expect.poll(() => peer.received).toBe('HD\r\nMN\r\n')
    peer.chunks.length = 0
    proxy.inject({ kind: 'garbage', at: 'value', bytes: Buffer.from('??'), times: 1 })
    peer.write(`${SET}get key\r\nmn\r\n`)
    const broken = HIT.replace(VALUE, `${VALUE.slice(0, 50)}??${VALUE.slice(50)}`)
    await expect.poll(() => peer.received).toBe(`STORED\r\n${broken}MN\r\n`)
  })

  test('is 16 random bytes, the same for the same seed', async () => {
    const receive = async (seed: number): Promise<string> => {
      const { proxy } = await startProxy({ seed })
      proxy.inject({ kind: 'garbage' })
      const peer = await Peer.open(proxy)
      peer.write('mn\r\n')
      await expect.poll(() => peer.received).toMatch(/^.{16}MN\r\n$/s)
      return peer.received
    }
    const [one, same, other] = await Promise.all([1, 1, 2].map(receive))
    expect(one).toBe(same)
    expect(one).not.toBe(other)
  })
})

describe('refuse', () => {
  test('resets new connections and leaves those that are there', async () => {
    const { proxy } = await startProxy()
    const peer = await Peer.open(proxy)
    await expect.poll(() => proxy.connections).toBe(1)
    proxy.inject({ kind: 'refuse', times: 2 })
    for (let turn = 0; turn < 2; turn++) {
      // Whether it was open for a moment is a matter of chance.
      expect(await ask(proxy, 'mn\r\n').catch(() => '')).toBe('')
    }
    expect(await ask(proxy, 'mn\r\n')).toBe('MN\r\n')
    peer.write('mn\r\n')
    await expect.poll(() => peer.received).toBe('MN\r\n')
    expect(proxy.counts).toMatchObject({ connections: 4, refuse: 2 })
  })
})

describe('a fault happens', () => {
  test('behind so many replies or commands, counted from when it was injected', async () => {
    const { proxy } = await startProxy()
    const peer = await Peer.open(proxy)
    peer.write(misses(0).requests)
    await expect.poll(() => peer.received).toBe('EN O0\r\n')
    proxy.inject({ kind: 'drop', afterReplies: 2, times: 1 })
    peer.write(misses(1, 2, 3, 4).requests)
    await expect.poll(() => peer.received).toBe(misses(0, 1, 2, 4).replies)

    proxy.inject({ kind: 'drop', afterCommands: 2, times: 1 })
    for (const number of [5, 6, 7]) {
      const before = peer.received
      peer.write(misses(number).requests)
      if (number !== 6) await expect.poll(() => peer.received).not.toBe(before)
      else await expect.poll(() => proxy.counts.drop).toBe(2)
    }
    expect(peer.received).toBe(misses(0, 1, 2, 4, 5, 7).replies)
  })

  test('in its time only', async () => {
    const clock = new ManualClock()
    const { proxy } = await startProxy({ clock })
    const garbage = { kind: 'garbage', bytes: '?' } as const
    proxy.inject({ ...garbage, afterMilliseconds: 10, forMilliseconds: 5 })
    const answers: string[] = []
    for (const milliseconds of [0, 9, 1, 4, 1]) {
      clock.advance(milliseconds)
      const peer = await Peer.open(proxy)
      peer.write('mn\r\n')
      await expect.poll(() => peer.received).toMatch(/MN\r\n$/)
      answers.push(peer.received.trim())
    }
    expect(answers).toEqual(['MN', 'MN', '?MN', '?MN', 'MN'])
  })

  test('by chance, the same for the same seed', async () => {
    const numbers = Array.from({ length: 200 }, (_, number) => number)
    const survivors = async (seed: number): Promise<string> => {
      const { proxy } = await startProxy({ seed })
      proxy.inject({ kind: 'drop', chance: 0.25, afterReplies: 1 })
      const peer = await Peer.open(proxy)
      peer.write(misses(...numbers).requests)
      await expect.poll(() => proxy.counts.replies).toBe(200)
      proxy.clear()
      peer.write('mn\r\n')
      await expect.poll(() => peer.received).toMatch(/MN\r\n$/)
      return peer.received
    }
    const [one, same, other] = await Promise.all([7, 7, 8].map(survivors))
    expect(one).toBe(same)
    expect(one).not.toBe(other)
    const left = one?.split('\r\n').length ?? 0
    expect(left).toBeGreaterThan(110)
    expect(left).toBeLessThan(190)
  })

  test('together with others, by their places in the message', async () => {
    const { proxy } = await startProxy()
    const peer = await Peer.open(proxy)
    proxy.inject({ kind: 'reset', at: 'value' })
    // What would happen behind the reset does not.
    const never = proxy.inject({ kind: 'garbage', at: 'value', bytes: '3' })
    proxy.inject({ kind: 'garbage', bytes: '1', times: 1 })
    proxy.inject({ kind: 'garbage', bytes: '2', times: 1 })
    peer.write(`${SET}get key\r\n`)
    await expect.poll(() => peer.error).toBe('ECONNRESET')
    expect(peer.received).toBe(`12STORED\r\nVALUE key 0 100\r\n${VALUE.slice(0, 50)}`)
    expect(never.count).toBe(0)
  })

  test('and tells those who wait for it', async () => {
    const { proxy } = await startProxy()
    const drop = proxy.inject({ kind: 'drop', times: 2 })
    const twice = drop.happened(2)
    const peer = await Peer.open(proxy)
    peer.write('mn\r\n')
    await drop.happened()
    expect(drop.count).toBe(1)
    peer.write('mn\r\n')
    await twice
    expect(drop.count).toBe(2)
    await expect(drop.happened(3)).rejects.toThrow(/an integer from 1 to 2/)
    await expect(drop.happened(0)).rejects.toThrow(RangeError)

    const stall = proxy.inject({ kind: 'stall' })
    const never = stall.happened()
    stall.remove()
    await expect(never).rejects.toThrow(/removed before/)
    await expect(stall.happened()).rejects.toThrow(/removed before/)
  })
})

test('counts what passed and what was done', async () => {
  const { proxy } = await startProxy()
  proxy.inject({ kind: 'garbage', bytes: '', times: 2 })
  expect(await ask(proxy, `${SET}get key\r\nversion\r\n`)).toMatch(/VERSION/)
  expect(proxy.counts).toEqual({
    connections: 1,
    // The last one is what `ask` marks the end with.
    commands: 4,
    replies: 4,
    split: 0,
    delay: 0,
    stall: 0,
    drop: 0,
    reset: 0,
    'half-close': 0,
    garbage: 2,
    refuse: 0,
  })
})

describe('over TLS', () => {
  test('faults go by bytes and time, not by what passes', async () => {
    const { proxy } = await startProxy({}, { tls: testCertificate() })
    const split = proxy.inject({ kind: 'split', size: 100 })
    const early = proxy.inject({ kind: 'drop', afterReplies: 1 })
    const dropped = early.happened()
    dropped.catch(() => undefined)
    expect(await ask(proxy, 'mn\r\n', true)).toBe('MN\r\n')
    expect(split.count).toBeGreaterThan(1)
    expect(proxy.counts).toMatchObject({ commands: 0, replies: 0 })
    await expect(dropped).rejects.toThrow(/over TLS/)
    for (const fault of [
      { kind: 'drop', afterReplies: 1 },
      { kind: 'drop', afterCommands: 1 },
      { kind: 'reset', at: 'value' },
    ] as const) {
      expect(() => proxy.inject(fault)).toThrow(/over TLS/)
    }
  })
})

describe('stop', () => {
  test('closes what it holds back, refuses from then on, and works twice', async () => {
    const { proxy } = await startProxy()
    const stall = proxy.inject({ kind: 'stall' })
    const peer = await Peer.open(proxy)
    peer.write('mn\r\n')
    await stall.happened()
    await Promise.all([proxy.stop(), proxy[Symbol.asyncDispose]()])
    await expect.poll(() => peer.hasEnded || peer.error !== undefined).toBe(true)
    expect(peer.received).toBe('')
    await expect(Peer.open(proxy)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('refuses', () => {
  test('what is no fault, and says what is allowed', async () => {
    const { proxy } = await startProxy()
    for (const [fault, error, message] of [
      [undefined, TypeError, /must be an object with a kind, got undefined/],
      [{}, TypeError, /one of split, delay, stall, drop, reset, half-close, garbage, refuse/],
      [{ kind: 'reorder' }, TypeError, /got "reorder"/],
      [{ kind: 'toString' }, TypeError, /got "toString"/],
      [{ kind: 'delay' }, TypeError, /milliseconds of delay must be 0 or more/],
      [{ kind: 'delay', milliseconds: -1 }, RangeError, /got -1/],
      [{ kind: 'delay', milliseconds: Number.POSITIVE_INFINITY }, RangeError, /Infinity/],
      [{ kind: 'stall', milliseconds: 5 }, TypeError, /stall has no option milliseconds, only/],
      [{ kind: 'drop', times: 0 }, RangeError, /times of drop must be an integer of 1 or more/],
      [{ kind: 'drop', times: '2' }, TypeError, /got "2"/],
      [{ kind: 'drop', rest: 1 }, TypeError, /a boolean/],
      [{ kind: 'drop', chance: 1.1 }, RangeError, /a number from 0 to 1/],
      [{ kind: 'drop', afterReplies: -1 }, RangeError, /0 or more/],
      [{ kind: 'drop', afterCommands: 1.5 }, RangeError, /an integer/],
      [{ kind: 'drop', forMilliseconds: Number.NaN }, RangeError, /NaN/],
      [{ kind: 'split', size: 0 }, RangeError, /a positive integer or 'random'/],
      [{ kind: 'reset', at: 'end' }, TypeError, /start or value or anywhere/],
      [{ kind: 'reset', direction: 'both' }, TypeError, /requests or replies/],
      [{ kind: 'garbage', bytes: 7 }, TypeError, /text or bytes/],
      [{ kind: 'refuse', direction: 'replies' }, TypeError, /refuse has no option direction/],
    ] as const) {
      const inject = () => proxy.inject(fault as NetworkFault)
      expect(inject).toThrow(error)
      expect(inject).toThrow(message)
    }
    expect(await ask(proxy, 'mn\r\n')).toBe('MN\r\n')
  })

  test('what names no server, and a seed that is none', async () => {
    await expect(FaultProxy.start('nowhere:0')).rejects.toThrow(/bad server address/)
    await expect(FaultProxy.start('localhost', { seed: 0.5 })).rejects.toThrow(RangeError)
  })
})

async function startProxyAt(path: string): Promise<{ proxy: FaultProxy }> {
  const server = await MemcachedServer.start({ path })
  const proxy = await FaultProxy.start(path)
  onTestFinished(async () => {
    await proxy.stop()
    await server.stop()
  })
  return { proxy }
}
