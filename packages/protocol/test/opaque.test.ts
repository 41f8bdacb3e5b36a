import { describe, expect, test } from 'vitest'
import { isLong } from '../../../test-support/amounts.ts'
import { type Command, MemcacheUnknownError, ReplyParser, RequestWriter } from '../src/index.ts'
import { DeleteCommand, GetCommand, OPAQUES, StoreCommand } from '../src/toolkit.ts'
import { plainSerde } from './support/scripted-client.ts'

function opaqueOf(out: RequestWriter, command: Command): string {
  command.write(out, 'meta')
  const request = Buffer.concat(out.take().pieces).toString('latin1')
  return / O(\S+)/.exec(request)?.[1] ?? expect.unreachable()
}

const get = (key: string): GetCommand<unknown, unknown, undefined> =>
  new GetCommand(key, key, plainSerde, false, undefined)

describe('opaques', () => {
  const everyOpaque = (): void => {
    const out = new RequestWriter()
    let last = out.nextOpaque()
    expect(last).toBe(1)
    for (let i = 1; i < OPAQUES; i++) {
      const next = out.nextOpaque()
      if (next !== (last + 1) % OPAQUES) expect(next).toBe((last + 1) % OPAQUES)
      last = next
    }
    expect(last).toBe(0)
    expect(opaqueOf(out, get('k'))).toBe('1')
  }
  // There are 16 million.
  const long = { tags: ['long'] }
  if (isLong) test('none repeats before there were as many as there are', long, everyOpaque)

  test('what is written is what is returned', () => {
    const out = new RequestWriter()
    const parser = new ReplyParser()
    const command = get('k')
    for (let i = 1; i < 200_000; i++) {
      if (i % 97 !== 0) {
        out.nextOpaque()
        continue
      }
      parser.push(Buffer.from(`HD O${opaqueOf(out, command)}\r\n`))
      parser.next()
      if (parser.opaque !== i) expect(parser.opaque).toBe(i)
    }
  })

  test.each([4096, 65_536, 1_000_000])(
    'a reply that comes %i replies late is no answer',
    async (lost) => {
      for (const create of [
        () => get('k'),
        () => new StoreCommand('set', 'k', 'x', 0, 0),
        () => new DeleteCommand('k'),
      ]) {
        const out = new RequestWriter()
        const first = create()
        const opaque = opaqueOf(out, first)
        for (let i = 1; i < lost; i++) out.nextOpaque()
        const late: Command = create()
        const answer = new Promise((resolve, reject) => {
          late.awaitedBy(resolve, reject)
        })
        expect(opaqueOf(out, late)).not.toBe(opaque)
        const parser = new ReplyParser()
        const isGet = late instanceof GetCommand
        parser.push(Buffer.from(isGet ? `VA 1 f0 O${opaque}\r\nx\r\n` : `HD O${opaque}\r\n`))
        parser.next()
        expect(() => late.read(parser)).toThrow(MemcacheUnknownError)
        late.reject(new Error('nothing'))
        await expect(answer).rejects.toThrow('nothing')
      }
    },
  )

  test.each(['VA 1 O1\r\nx', 'EN O1', 'NF O1', 'EX O1', 'MN O1'])(
    'a store takes no %j for an answer',
    async (reply) => {
      const out = new RequestWriter()
      const command = new StoreCommand('set', 'k', 'x', 0, 0)
      const answer = new Promise((resolve, reject) => {
        command.awaitedBy(resolve, reject)
      })
      answer.catch(() => {})
      expect(opaqueOf(out, command)).toBe('1')
      const parser = new ReplyParser()
      parser.push(Buffer.from(`${reply}\r\n`))
      parser.next()
      expect(() => command.read(parser)).toThrow(MemcacheUnknownError)
    },
  )

  test.each(['O12345', 'O', 'O1~', 'O-1', 'O=!'])(
    'a miss with the opaque %s is no answer',
    (flag) => {
      const out = new RequestWriter()
      const command = get('k')
      command.write(out, 'meta')
      const parser = new ReplyParser()
      parser.push(Buffer.from(`EN ${flag}\r\n`))
      parser.next()
      expect(() => command.read(parser)).toThrow('another')
    },
  )
})
