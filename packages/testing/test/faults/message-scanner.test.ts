import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MessageScanner } from '../../src/faults/message-scanner.ts'

const COMMANDS = [
  'get a b\r\n',
  'set a 0 0 5\r\nset \n\r\n',
  'cas a 1 -1 2 77 noreply\r\nhi\r\n',
  'ms key 3 T0 O1\r\n\r\n\0\r\n',
  'append a 0 0 0\r\n\r\n',
  'mg key v O2\r\n',
  'mn\n',
  `get ${'k'.repeat(700)}\r\n`,
]

const REPLIES = [
  'STORED\r\n',
  'END\r\n',
  'VALUE a 0 5\r\nEND\r\n\r\nEND\r\n',
  'VALUE a 0 0 17\r\n\r\nVALUE b 16 3 18\r\nVA \r\nEND\r\n',
  'VA 4 O1 f16\r\n\r\n\r\n\r\n',
  'EN\r\n',
  'STAT pid 1\r\nSTAT version 1.6.18\r\nEND\r\n',
  'CONFIG cluster 0 9\r\n1\nEND\r\n\n\n\r\nEND\r\n',
  'key=a exp=-1 la=1 cas=2 fetch=no cls=1 size=64\r\nEND\r\n',
  'SERVER_ERROR out of memory\r\n',
  '42\r\n',
]

for (const [direction, known] of [
  ['requests', COMMANDS],
  ['replies', REPLIES],
] as const) {
  test(`${direction} are told apart wherever they are cut`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...known), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 })),
        (messages, sizes) => {
          const seen = scan(direction, Buffer.from(messages.join(''), 'latin1'), sizes)
          expect(seen).toEqual(messages)
        },
      ),
    )
  })

  test(`${direction} are told apart byte by byte`, () => {
    const bytes = Buffer.from(known.join(''), 'latin1')
    expect(scan(direction, bytes, Array(bytes.length).fill(1))).toEqual(known)
  })
}

test('a data block tells its length where it begins, and a line what is known of its message', () => {
  const bytes = Buffer.from('VALUE a 0 5\r\nhello\r\nEND\r\n')
  const pieces = [...new MessageScanner('replies').push(bytes)]
  expect(pieces.map(({ data, known }) => [data, known])).toEqual([
    [0, 20],
    [5, 7],
    [0, 5],
  ])
})

/** Messages as the scanner tells them apart, cut into chunks of these sizes and one of the rest. */
function scan(
  direction: 'requests' | 'replies',
  bytes: Buffer,
  sizes: readonly number[],
): readonly string[] {
  const scanner = new MessageScanner(direction)
  const messages: string[] = []
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    for (const { bytes: part, starts } of scanner.push(bytes.subarray(at, at + size))) {
      if (starts) messages.push('')
      messages[messages.length - 1] += part.toString('latin1')
    }
    at = Math.min(at + size, bytes.length)
  }
  return messages
}
