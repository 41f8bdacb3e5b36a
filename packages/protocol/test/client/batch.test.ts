import { describe, expect, test } from 'vitest'
import {
  type Command,
  MemcachePartialError,
  MemcacheServerError,
  MemcacheTimeoutError,
  ReplyParser,
  RequestWriter,
} from '../../src/index.ts'
import { plainSerde, ScriptedClient } from '../support/scripted-client.ts'

const DIALECTS = ['meta', 'text'] as const
const KEYS = ['a', 'b', 'c'] as const

/** Sends commands as a transport does; replies come by `answer`. */
class Transport {
  readonly commands: Command[] = []
  readonly client: ScriptedClient
  readonly errors: Error[] = []
  readonly #parser = new ReplyParser({ server: 'scripted' })
  #request = ''
  #answered = 0

  constructor(
    dialect: (typeof DIALECTS)[number],
    onSend: (transport: Transport) => void = () => {},
    serde = plainSerde,
  ) {
    this.client = new ScriptedClient(
      (command) => {
        const out = new RequestWriter()
        try {
          command.write(out, dialect)
        } catch (error) {
          command.reject(error)
          return
        }
        this.#request = Buffer.concat(out.take().pieces).toString()
        this.commands.push(command)
        command.written()
        queueMicrotask(() => onSend(this))
      },
      { serde },
    )
    this.client.on('error', (error) => this.errors.push(error))
  }

  get head(): Command {
    return this.commands[0] as Command
  }

  /** Gives the head its next replies, those of the meta dialect with their opaques. True when it has all. */
  answer(...replies: string[]): boolean {
    const opaques = [...this.#request.matchAll(/ (O\S+)/g)].map(([, opaque]) => opaque)
    const lines = replies.map((line) => {
      const opaque = opaques[this.#answered++]
      return line.length === 2 ? `${line} ${opaque}\r\n` : `${line}\r\n`
    })
    this.#parser.push(Buffer.from(lines.join('')))
    let isWhole = false
    while (!isWhole && this.#parser.next()) isWhole = this.head.read(this.#parser)
    return isWhole
  }
}

async function failureOf(call: Promise<unknown>): Promise<MemcachePartialError> {
  const error = await call.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MemcachePartialError)
  return error as MemcachePartialError
}

describe.each(DIALECTS)('a call of many writes, in the dialect %s', (dialect) => {
  const stored = dialect === 'meta' ? 'HD' : 'STORED'
  const notStored = dialect === 'meta' ? 'NS' : 'NOT_STORED'
  const deleted = dialect === 'meta' ? 'HD' : 'DELETED'
  const missing = dialect === 'meta' ? 'NF' : 'NOT_FOUND'
  const entries = KEYS.map((key) => [key, 'value'] as const)

  test('is one command, and an error reply is that of its key alone', async () => {
    const transport = new Transport(dialect, () =>
      transport.answer(stored, 'SERVER_ERROR object too large for cache', notStored),
    )
    const { results, failed } = await failureOf(transport.client.setMany(entries))
    expect(transport.commands).toHaveLength(1)
    expect(transport.head).toMatchObject({ name: 'set', count: 3, keys: 3, isStore: true })
    expect(results).toEqual(['c'])
    expect([...failed.keys()]).toEqual(['b'])
    expect(failed.get('b')).toBeInstanceOf(MemcacheServerError)
    expect(failed.get('b')?.message).toContain('"b"')
  })

  test('answers what was deleted in the order of the keys', async () => {
    const transport = new Transport(dialect, () => transport.answer(deleted, missing, deleted))
    expect(await transport.client.deleteMany(KEYS, { found: true })).toEqual(['a', 'c'])
  })

  test('keeps what was answered before it failed, and reads the late replies past', async () => {
    const transport = new Transport(dialect, () => {
      transport.answer(notStored)
      transport.head.reject(new MemcacheTimeoutError('late', { command: 'set' }))
    })
    const { results, failed } = await failureOf(transport.client.setMany(entries))
    expect(results).toEqual(['a'])
    expect([...failed.keys()]).toEqual(['b', 'c'])
    expect(transport.answer('SERVER_ERROR out of memory', stored)).toBe(true)
    expect([...failed.keys()]).toEqual(['b', 'c'])
  })

  test('with noreply does not wait, and each error that comes later is an event', async () => {
    const transport = new Transport(dialect)
    expect(await transport.client.setMany(entries, { noreply: true })).toEqual([])
    const error = 'SERVER_ERROR out of memory'
    expect(transport.answer(error, stored, error)).toBe(true)
    await new Promise(setImmediate)
    expect(transport.errors).toHaveLength(2)
  })

  test('a value that cannot be sent any more fails alone', async () => {
    const bytes = new Uint8Array(8)
    const serde = {
      ...plainSerde,
      serialize(value: unknown) {
        if (value === 'take') structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
        return { data: value instanceof Uint8Array ? value : String(value), flags: 0 }
      },
    }
    const transport = new Transport(dialect, () => transport.answer(notStored, stored), serde)
    const values = ['before', bytes, 'take']
    const call = transport.client.setMany(KEYS.map((key, i) => [key, values[i]] as const))
    const { results, failed } = await failureOf(call)
    expect(results).toEqual(['a'])
    expect([...failed.keys()]).toEqual(['b'])
    expect(transport.head.count).toBe(2)
  })

  test('goes out in portions of 16 KB, as servers that stall over TLS take them', async () => {
    const transport = new Transport(dialect)
    const value = 'v'.repeat(5000)
    const large = ['d', 'v'.repeat(50_000)] as const
    void transport.client.setMany([...KEYS.map((key) => [key, value] as const), large, ...entries])
    expect(transport.commands.map(({ count }) => count)).toEqual([3, 1, 3])
  })
})
