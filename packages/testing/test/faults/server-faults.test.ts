import { describe, expect, test } from 'vitest'
import { ManualClock, type MemcachedServer, type ServerFault } from '../../src/index.ts'
import { ask } from '../support/conversation.ts'
import { misses, Peer, settle, startProxy } from './support.ts'

const BUSY = 'SERVER_ERROR busy'

async function start(): Promise<MemcachedServer> {
  return (await startProxy()).server
}

describe('error', () => {
  test('answers the next command, which is not run, with the line given', async () => {
    const server = await start()
    const fault = server.inject({ kind: 'error', line: BUSY, times: 1 })
    expect(await ask(server, 'set a 0 0 5\r\nget b\r\nget a\r\n')).toBe(`${BUSY}\r\nEND\r\n`)
    expect(fault.count).toBe(1)
  })

  test('answers the nth command of a name', async () => {
    const server = await start()
    server.inject({
      kind: 'error',
      line: BUSY,
      command: ['get', 'mg'],
      afterCommands: 2,
      times: 2,
    })
    expect(
      await ask(server, `mn\r\nget a\r\n${misses(1, 2).requests}mn\r\nget b\r\nget c\r\n`),
    ).toBe(`MN\r\nEND\r\nEN O1\r\n${BUSY}\r\nMN\r\n${BUSY}\r\nEND\r\n`)
  })

  test('goes on until it is removed, and is silent where no reply was asked for', async () => {
    const server = await start()
    const fault = server.inject({ kind: 'error', line: BUSY, command: ['set', 'get'] })
    expect(await ask(server, 'set a 0 0 1 noreply\r\n1\r\nget a\r\nget a\r\n')).toBe(
      `${BUSY}\r\n`.repeat(2),
    )
    fault.remove()
    expect(await ask(server, 'get a\r\n')).toBe('END\r\n')
  })

  test('of several, the first that is due happens, and all count', async () => {
    const server = await start()
    server.inject({ kind: 'error', line: 'SERVER_ERROR one', times: 1 })
    server.inject({ kind: 'error', line: 'SERVER_ERROR two', afterCommands: 1, times: 1 })
    expect(await ask(server, 'get a\r\nget a\r\nget a\r\n')).toBe(
      'SERVER_ERROR one\r\nSERVER_ERROR two\r\nEND\r\n',
    )
    server.inject({ kind: 'error', line: BUSY })
    server.clearFaults()
    expect(await ask(server, 'get a\r\n')).toBe('END\r\n')
  })
})

describe('hang', () => {
  test('leaves everything on the connection unanswered until it is removed', async () => {
    const server = await start()
    const hang = server.inject({ kind: 'hang', command: 'set', times: 1 })
    const peer = await Peer.open(server)
    peer.write('get a\r\nset a 0 0 1\r\n1\r\n')
    await hang.happened()
    peer.write('get a\r\n')
    await expect.poll(() => peer.received).toBe('END\r\n')
    // Others are served.
    expect(await ask(server, 'get a\r\n')).toBe('END\r\n')
    expect(peer.received).toBe('END\r\n')
    hang.remove()
    await expect.poll(() => peer.received).toBe('END\r\nSTORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n')
    // It works as before.
    peer.write('mn\r\n')
    await expect.poll(() => peer.received).toMatch(/MN\r\n$/)
  })

  test('and then another on the same connection', async () => {
    const server = await start()
    const first = server.inject({ kind: 'hang', times: 1 })
    const second = server.inject({ kind: 'hang', times: 1 })
    const peer = await Peer.open(server)
    peer.write(misses(1, 2, 3).requests)
    await first.happened()
    first.remove()
    await second.happened()
    await expect.poll(() => peer.received).toBe('EN O1\r\n')
    second.remove()
    await expect.poll(() => peer.received).toBe(misses(1, 2, 3).replies)
  })

  test('ends with the server', async () => {
    const server = await start()
    const hang = server.inject({ kind: 'hang' })
    const peer = await Peer.open(server)
    peer.write('mn\r\n')
    await hang.happened()
    const never = hang.happened(2)
    await Promise.all([expect(never).rejects.toThrow(/removed before/), server.stop()])
    await expect.poll(() => peer.hasEnded || peer.isClosed).toBe(true)
    expect(peer.received).toBe('')
  })
})

describe('close', () => {
  test('closes the connection on the nth command, behind the replies before it', async () => {
    const server = await start()
    server.inject({ kind: 'close', afterCommands: 2, times: 1 })
    const peer = await Peer.open(server)
    peer.write(`${misses(1, 2).requests}set a 0 0 1\r\n1\r\n`)
    await expect.poll(() => peer.hasEnded).toBe(true)
    expect(peer.received).toBe(misses(1, 2).replies)
    expect(await ask(server, 'get a\r\n')).toBe('END\r\n')
  })
})

describe('a dialect probe is refused', () => {
  const asked = async (fault: ServerFault): Promise<string> => {
    const server = await start()
    server.inject(fault)
    const peer = await Peer.open(server)
    peer.write('version\r\nmn\r\n')
    if (fault.kind === 'close') await expect.poll(() => peer.hasEnded).toBe(true)
    else await expect.poll(() => peer.received.split('\n').length).toBe(3)
    return peer.received
  }
  const version = 'VERSION 1.6.18\r\n'

  test.each([
    'ERROR',
    'EN',
    'CLIENT_ERROR',
    'CLIENT_ERROR malformed request',
    'SERVER_ERROR unsupported',
  ])('by %s, and by the same and a close', async (line) => {
    expect(await asked({ kind: 'error', line, command: 'mn' })).toBe(`${version}${line}\r\n`)
    expect(await asked({ kind: 'close', line, command: 'mn' })).toBe(`${version}${line}\r\n`)
  })

  test('by a close without a word', async () => {
    expect(await asked({ kind: 'close', command: 'mn' })).toBe(version)
  })
})

test('what is no fault is refused, with what is allowed', async () => {
  const server = await start()
  for (const [fault, error, message] of [
    [{ kind: 'drop' }, TypeError, /one of error, hang, close/],
    [{ kind: 'error' }, TypeError, /line of error must be text without line ends/],
    [{ kind: 'error', line: 'a\r\nb' }, TypeError, /without line ends/],
    [{ kind: 'hang', command: 'GET' }, TypeError, /which are add, append, .*got "GET"/],
    [{ kind: 'hang', command: [] }, TypeError, /a command or a list of commands/],
    [{ kind: 'hang', afterCommands: -1 }, RangeError, /an integer of 0 or more/],
    [{ kind: 'hang', chance: 0.5 }, TypeError, /hang has no option chance/],
  ] as const) {
    const inject = () => server.inject(fault as ServerFault)
    expect(inject).toThrow(error)
    expect(inject).toThrow(message)
  }
})

describe('snapshot', () => {
  test('gives the living items, sorted by key', async () => {
    const clock = new ManualClock(1_700_000_000_000)
    const { server } = await startProxy({}, { now: clock.now })
    expect(server.snapshot()).toEqual([])
    const key = Buffer.from('schlüssel').toString('latin1')
    await ask(
      server,
      `set b 16 60 2\r\nhi\r\nset a 0 0 3\r\n\0\r\n\r\n` +
        `set ${key} 1 0 0\r\n\r\nset short 0 5 1\r\n1\r\nms gP8= 1 b\r\n1\r\n`,
    )
    clock.advance(5000)
    expect(server.snapshot()).toEqual([
      { key: 'a', value: Buffer.from('\0\r\n'), flags: 0, exptime: 0, cas: '2' },
      { key: 'b', value: Buffer.from('hi'), flags: 16, exptime: 1_700_000_060, cas: '1' },
      { key: 'schlüssel', value: Buffer.alloc(0), flags: 1, exptime: 0, cas: '3' },
      { key: '\x80\xff', value: Buffer.from('1'), flags: 0, exptime: 0, cas: '5' },
    ])
    await ask(server, 'flush_all\r\n')
    expect(server.snapshot()).toEqual([])
  })

  test('stays as it was', async () => {
    const server = await start()
    await ask(server, 'set n 0 0 1\r\n5\r\n')
    const before = server.snapshot()
    await ask(server, 'incr n 2\r\n')
    expect(before[0]?.value.toString()).toBe('5')
    expect(server.snapshot()[0]?.value.toString()).toBe('7')
  })
})

describe('waitFor', () => {
  test('resolves when so many commands have come, and been run', async () => {
    const server = await start()
    let reached = 0
    const waiting = server.waitFor(3).then(() => {
      reached = server.commandCount()
    })
    const peer = await Peer.open(server)
    peer.write('mn\r\nmn\r\n')
    await expect.poll(() => server.commandCount()).toBe(2)
    await settle()
    expect(reached).toBe(0)
    peer.write('set a 0 0 1\r\n1\r\n')
    await waiting
    expect(reached).toBe(3)
    expect(server.snapshot().map(({ key }) => key)).toEqual(['a'])
    await server.waitFor(3)
    await server.waitFor(0)
  })

  test('counts only some commands, and from 0 again', async () => {
    const server = await start()
    const peer = await Peer.open(server)
    peer.write('get a\r\nmg a\r\nnonsense\r\nmn\r\n')
    await server.waitFor(1, 'mn')
    expect(server.commandCount(['get', 'mg'])).toBe(2)
    expect(server.commandCount('refused')).toBe(1)
    expect(server.commandCount()).toBe(4)
    server.resetCommandCount()
    expect(server.commandCount()).toBe(0)
    const waiting = server.waitFor(1, ['get', 'gets'])
    peer.write('mn\r\ngets a\r\n')
    await waiting
    expect(server.commandCount()).toBe(2)
  })

  test('counts a command that a fault meets', async () => {
    const server = await start()
    server.inject({ kind: 'hang' })
    const peer = await Peer.open(server)
    peer.write('get a\r\nget a\r\n')
    await server.waitFor(1)
    expect(server.commandCount()).toBe(1)
  })

  test('rejects when the server stops, and what it cannot wait for', async () => {
    const server = await start()
    await expect(server.waitFor(-1)).rejects.toThrow(/an integer of 0 or more, got -1/)
    await expect(server.waitFor(1, 'GET' as 'get')).rejects.toThrow(TypeError)
    expect(() => server.commandCount([])).toThrow(TypeError)
    const never = server.waitFor(1)
    await Promise.all([expect(never).rejects.toThrow(/was stopped before/), server.stop()])
    await expect(server.waitFor(1)).rejects.toThrow(/was stopped before/)
  })
})
