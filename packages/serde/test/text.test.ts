import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import { Flag, textSerde } from '../src/index.ts'
import { wellFormedText } from './arbitraries.ts'
import { errorOf, readItem } from './round-trip.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes that are UTF-8, nearly UTF-8, or nothing of the kind, short and long. */
const bytes = fc
  .record({
    text: fc.oneof(
      wellFormedText,
      fc.string(),
      fc.constantFrom('\ufffd', 'a\ufffdb', '\ufeffx', 'é', '€'),
    ),
    times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2000 })),
    damage: fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0x80, max: 0xff }))),
  })
  .map(({ text, times, damage }) => {
    const data = Buffer.from(text.repeat(times))
    if (damage !== null && data.length > 0) data[damage[0] % data.length] = damage[1]
    return data
  })

it('text of any length is read as a strict decoder reads it, whole and in place', {
  tags: ['long'],
}, async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (data) => {
      const expected = await errorOf(() => strict.decode(data))
      const texts = [
        () => textSerde.deserialize(data, Flag.text, 'key'),
        () => readItem(textSerde, data, Flag.text),
      ]
      for (const read of texts) {
        if (expected === undefined) expect(read()).toBe(strict.decode(data))
        else expect(await errorOf(read)).toMatchObject({ code: 'MEMCACHE_SERDE', flags: Flag.text })
      }
    }),
    { numRuns: runs(700, 20_000), seed },
  )
})
