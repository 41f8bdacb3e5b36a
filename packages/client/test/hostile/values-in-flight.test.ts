import { VersionCommand } from '@mc/protocol/toolkit'
import { afterEach, expect, test } from 'vitest'
import type { Client } from '../../src/index.ts'
import { type ScriptedServer, startedClients } from '../scripted-server.ts'

const { start, cleanUp } = startedClients()
afterEach(cleanUp)

const LENGTH = 300_000

/** More than a kernel buffers, so that some of it waits in the process. */
const COUNT = 60

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const bytes = (letter: string) => new Uint8Array(LENGTH).fill(letter.charCodeAt(0))
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A client that is connected to a server which does not read yet. */
async function connected() {
  const started = await start({ dialect: 'text', timeout: 30_000 }, (link) => {
    link.socket.pause()
  })
  await started.client.connect()
  await expect.poll(() => started.server.links.length).toBe(1)
  return started
}

/** Everything that the server is sent, once it reads, up to the end of the command `last`. */
async function received(client: Client, server: ScriptedServer): Promise<string> {
  client.set('last', 'x').catch(() => {})
  const link = server.links[0] ?? expect.unreachable()
  link.socket.resume()
  await expect
    .poll(() => link.received.endsWith('set last 16 0 1\r\nx\r\n'), { timeout: 20_000 })
    .toBe(true)
  return link.received
}

/** The requests in order, each value as its length and the letters in it; any shift shows as garbage. */
function requests(text: string): string[] {
  const found: string[] = []
  let at = 0
  while (at < text.length) {
    const end = text.indexOf('\r\n', at)
    const [, key, , , length = ''] = text.slice(at, end).split(' ')
    const value = text.slice(end + 2, end + 2 + Number(length))
    found.push(`${key}: ${value.length} of ${[...new Set(value)].join('')}`)
    expect(text.slice(end + 2 + value.length, end + 4 + value.length)).toBe('\r\n')
    at = end + 4 + value.length
  }
  return found
}

test.each([1, 4])(
  'large values, %i a turn, whose memory is taken away on their way never shift what follows',
  async (perTurn) => {
    const { client, server } = await connected()
    const keptAlive: unknown[] = []
    let buffers: ArrayBuffer[] = []
    for (let i = 0; i < COUNT; i++) {
      const letter = LETTERS[i % LETTERS.length] as string
      const value = bytes(letter)
      client.set(letter, value).catch(() => {})
      buffers.push(value.buffer)
      if (buffers.length < perTurn) continue
      await turn()
      for (const buffer of buffers) keptAlive.push(structuredClone(buffer, { transfer: [buffer] }))
      buffers = []
    }
    const seen = requests(await received(client, server))
    expect(seen.at(-1)).toBe('last: 1 of x')
    // Each was sent whole, or refused before a byte of it was.
    for (const request of seen.slice(0, -1)) {
      expect(request).toBe(`${request[0]}: ${LENGTH} of ${request[0]}`)
    }
    expect(seen.length).toBeGreaterThan(2)
    expect(seen.length).toBeLessThan(COUNT)
  },
  60_000,
)

test('a value stored with noreply is its owner’s again when the call resolves', async () => {
  const { client, server } = await connected()
  const expected: string[] = []
  for (let i = 0; i < COUNT; i++) {
    const letter = LETTERS[i % LETTERS.length] as string
    const value = bytes(letter)
    let isWritten = false
    const call = client.set(letter, value, { noreply: true })
    call.then(() => {
      isWritten = true
    })
    await turn()
    await turn()
    expected.push(`${letter}: ${LENGTH} of ${letter}`)
    if (!isWritten) break
    value.fill(35)
  }
  expect(expected.length).toBeLessThan(COUNT)
  expect(requests(await received(client, server))).toEqual([...expected, 'last: 1 of x'])
}, 60_000)

test('a command that throws while it is written leaves no part of itself behind', async () => {
  const { client, server } = await start({ dialect: 'text' }, async (link) => {
    for (let line = await link.line(); line !== undefined; line = await link.line()) {
      link.write(`VALUE ${line.split(' ')[1]} 16 1\r\nx\r\nEND\r\n`)
    }
  })
  const broken = new VersionCommand()
  broken.write = (out) => {
    out.ascii('set broken 0 0 100').crlf().ascii('x')
    throw new Error('in the middle')
  }
  const before = client.get('before')
  const outcome = client.execute(broken)
  const after = client.get('after')
  await expect(outcome).rejects.toThrow('in the middle')
  expect(await before).toBe('x')
  expect(await after).toBe('x')
  expect(server.lines).toEqual(['get before', 'get after'])
})
