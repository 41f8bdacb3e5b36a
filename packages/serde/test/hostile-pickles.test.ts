import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { MemcacheSerdeError } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { kinds, runs, seed } from '../../../test-support/amounts.ts'
import { bundledText } from '../../../test-support/bundle.ts'
import { Flag, pickleSerde } from '../src/index.ts'
import { errorOf, readItem } from './round-trip.ts'

const MIB = 1024 ** 2
const serde = pickleSerde()

const errorOfPickle = (pickle: string | Buffer) =>
  errorOf(() => readItem(serde, typeof pickle === 'string' ? Buffer.from(pickle) : pickle, 1))

describe('a pickle that took very long', () => {
  it.each([
    ['digits and no float', `F${'1'.repeat(200_000)}x\n.`, /malformed float/],
    ['digits with an end of a float', `F${'1'.repeat(200_000)}e\n.`, /malformed float/],
    ['digits and no integer', `I${'1'.repeat(90_000)}x\n.`, /malformed integer/],
    ['quotes and no text', `S'${"'".repeat(MIB)}x\n.`, /Python 2/],
    ['escapes of text past Unicode', `V${'\\U'.repeat(MIB / 2)}\\UFFFFFFFF\n.`, /10FFFF/],
  ])('for its %s is a serde error at once', async (_, pickle, why) => {
    const error = await errorOfPickle(pickle)
    expect(error).toBeInstanceOf(MemcacheSerdeError)
    expect((error as Error).message).toMatch(why)
  })

  /** Pickled integers that the engine's hash does not tell apart: it is of the lowest 64 bits, without the sign. */
  const alike = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      const bytes = Buffer.alloc(13)
      bytes.writeIntLE(i % 2 === 0 ? i + 1 : -i, 10, 3)
      return `\x8a\x0d${bytes.toString('latin1')}`
    })

  it.each([
    ['a set', `(${alike(60_000).join('')}\x91.`],
    ['a dict', `(${alike(60_000).join('N')}Nd.`],
    ['many sets together', `(${`(${alike(1000).join('')}\x91`.repeat(50)}t.`],
  ])('for keys of %s that hash alike is a serde error at once', async (_, pickle) => {
    const error = await errorOfPickle(Buffer.from(pickle, 'latin1'))
    expect(error).toBeInstanceOf(MemcacheSerdeError)
    expect((error as Error).message).toContain('integers as keys that are alike')
  })

  it.each([
    ['a few thousand that hash alike', alike(2000)],
    ['many that do not', Array.from({ length: 30_000 }, (_, i) => `L${2n ** 80n + BigInt(i)}L\n`)],
    ['numbers', Array.from({ length: 100_000 }, (_, i) => `I${i}\n`)],
  ])('is not refused for integers as keys: %s', async (_, keys) => {
    const value = await readItem(
      serde,
      Buffer.from(`(${keys.join('')}\x91.`, 'latin1'),
      Flag.pickle,
    )
    expect((value as Set<unknown>).size).toBe(keys.length)
  })
})

/** What a pickle repeats to take as much as it can, with what comes before and behind. */
const BOMBS: readonly (readonly [name: string, head: string, unit: string, tail: string])[] = [
  ['sets', '(', '\x8f', 'l.'],
  ['dicts', '(', '}', 'l.'],
  ['lists', '(', ']', 'l.'],
  ['lists in each other', 'N', '\x85', '.'],
  ['marks', '', '(', '.'],
  ['the memo', 'N', '\x94', '.'],
  ['dicts in the memo', '(', '}\x94', 'l.'],
  ['an index of the memo', 'N', 'r\xff\xff\xff\xff', '.'],
  ['bytes', '(', 'C\0', 'l.'],
  ['text', '(', '\x8c\x01a', 'l.'],
  ['a reference', '(]q\0', 'h\0', 'l.'],
  ['the top', '(]', '2', 'l.'],
  ['sets of one', '(', '(N\x91', 'l.'],
  ['dicts of one', '(', '}\x8c\x01aNs', 'l.'],
  ['members of one dict', '(}', '\x8c\x01aNs', 'l.'],
  ['calls', '(c__builtin__\nset\nq\0)q\x01', 'h\0h\x01R', 'l.'],
  ['instances', '(cdatetime\ntimedelta\nq\0)q\x01', 'h\0h\x01\x81', 'l.'],
  ['copies', `(c__builtin__\nset\nq\0](${'N'.repeat(1000)}e\x85q\x01`, 'h\0h\x01R', 'l.'],
  ['classes', '(', 'cuuid\nUUID\n', 'l.'],
  ['long integers', '(', `L${'9'.repeat(99_999)}L\n`, 'l.'],
]

const LENGTH = 8 * MIB
const ROUNDS = runs(20, 400)
/** The default `maxValues` at 200 bytes each, doubled; without it a pickle of this length takes gigabytes. */
const MAX_HEAP_MIB = 400
/** With what is not in the heap. */
const MAX_MEMORY = 800 * MIB

/** Reads pickles one by one. Answers how much more memory the process had at its peak; fails where the heap is not enough. */
async function memoryOf(program: string): Promise<number> {
  const module = `
    import { MemcacheSerdeError } from '@mc/protocol'
    import { pickleSerde } from '@mc/serde'
    const serde = pickleSerde()
    const bomb = ([name, head, unit, tail]) =>
      [name, Buffer.from(head + unit.repeat(${LENGTH} / unit.length) + tail, 'latin1')]
    let start
    async function read([name, pickle]) {
      start ??= process.memoryUsage().rss
      try {
        await serde.deserialize(pickle, 1, 'key')
      } catch (error) {
        if (!(error instanceof MemcacheSerdeError)) throw new Error(name, { cause: error })
      }
    }
    ${program}
    console.log(process.resourceUsage().maxRSS * 1024 - start)`
  const path = bundledText(module, new URL('..', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [
    `--max-old-space-size=${MAX_HEAP_MIB}`,
    path,
  ])
  return Number(stdout)
}

describe(`a pickle of ${LENGTH} bytes that repeats itself takes no more memory than its limits allow`, {
  tags: ['long'],
  timeout: 300_000,
}, () => {
  it.each(kinds(BOMBS))('%s', async (...bomb) => {
    expect(await memoryOf(`await read(bomb(${JSON.stringify(bomb)}))`)).toBeLessThan(MAX_MEMORY)
  })

  it(`${ROUNDS} random ones`, async () => {
    const pieces = BOMBS.flatMap(([, ...parts]) => parts).filter((it) => it.length < 20)
    const program = `
      const pieces = ${JSON.stringify(pieces)}
      let state = ${seed}
      const some = (most) => {
        let text = ''
        for (let length = random(most); length >= 0; length--) text += pieces[random(pieces.length)]
        return text
      }
      function random(below) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        return Math.floor((state / 2 ** 32) * below)
      }
      for (let round = 0; round < ${ROUNDS}; round++) {
        const parts = [some(3), some(3), some(3)].map((it) => it.replaceAll('.', '') || 'N')
        await read(bomb(['round ' + round + ' of MC_SEED=${seed} ' + JSON.stringify(parts), ...parts]))
      }`
    expect(await memoryOf(program), `MC_SEED=${seed}`).toBeLessThan(MAX_MEMORY)
  })
})
