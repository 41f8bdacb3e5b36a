import { describe, expect, test } from 'vitest'
import { ReplyWriter } from '../../src/protocol/index.ts'

describe('ReplyWriter', () => {
  test('writes lines, values and statistics', () => {
    const writer = new ReplyWriter()
    writer.line('STORED')
    writer.value('k\xe9y', 5, Buffer.from('abc'))
    writer.value('key', 0, Buffer.alloc(0), 18_446_744_073_709_551_615n)
    writer.end()
    writer.block('VA 2 t60', Buffer.from('hi'))
    writer.stat('pid', 7)
    writer.bytes('key=a\n')
    expect(writer.take()?.toString('latin1')).toBe(
      'STORED\r\nVALUE k\xe9y 5 3\r\nabc\r\nVALUE key 0 0 18446744073709551615\r\n\r\nEND\r\n' +
        'VA 2 t60\r\nhi\r\nSTAT pid 7\r\nkey=a\n',
    )
  })

  test('hands over what is new, and nothing when nothing is', () => {
    const writer = new ReplyWriter()
    expect(writer.take()).toBeUndefined()
    writer.line('OK')
    expect(writer.length).toBe(4)
    expect(writer.take()?.toString()).toBe('OK\r\n')
    expect(writer.length).toBe(0)
    expect(writer.take()).toBeUndefined()
  })

  test('leaves bytes alone that it has handed over', () => {
    const writer = new ReplyWriter()
    const taken: Buffer[] = []
    for (let i = 0; i < 20_000; i++) {
      writer.line(`line ${i}`)
      taken.push(writer.take() as Buffer)
    }
    expect(taken.map(String)).toEqual(taken.map((_, i) => `line ${i}\r\n`))
  })

  test('grows for values of any size, and keeps what came before', () => {
    const writer = new ReplyWriter()
    const large = Buffer.alloc(300_000, 'v')
    writer.line('first')
    writer.block('VA 300000', large)
    writer.line('x'.repeat(100_000))
    expect(
      writer
        .take()
        ?.equals(
          Buffer.concat([
            Buffer.from('first\r\nVA 300000\r\n'),
            large,
            Buffer.from(`\r\n${'x'.repeat(100_000)}\r\n`),
          ]),
        ),
    ).toBe(true)
  })

  test('takes back what was written since a mark', () => {
    const writer = new ReplyWriter()
    writer.line('kept')
    const mark = writer.length
    writer.block('VA 70000', Buffer.alloc(70_000))
    writer.truncate(mark)
    writer.line('after')
    expect(writer.take()?.toString()).toBe('kept\r\nafter\r\n')
  })
})
