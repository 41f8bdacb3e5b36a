import { seed } from './amounts.ts'

/** A whole number from 0 up to but not including `below`. */
export type Random = (below: number) => number

/** The same seed gives the same numbers. */
export function randomFrom(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const NUMBERS = [
  '0',
  '-1',
  '1',
  '007',
  '250',
  '251',
  '65535',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '18446744073709551615',
  '18446744073709551616',
  '9'.repeat(40),
  '1e9',
  '0x10',
  '',
]

/** Most changes to one input. */
const MAX_CHANGES = 6

/** Some of the samples in a row, changed in places; or nothing but random bytes. */
export function mutated(samples: readonly Buffer[], random: Random): Buffer {
  if (random(10) === 0) return Buffer.from(Array.from({ length: random(64) }, () => random(256)))
  const sample = (): Buffer => samples[random(samples.length)] as Buffer
  let bytes: Buffer = Buffer.concat(Array.from({ length: 1 + random(4) }, sample))
  for (let changes = random(MAX_CHANGES + 1); changes > 0; changes--) {
    bytes = changed(bytes, random, sample)
  }
  return bytes
}

function changed(bytes: Buffer, random: Random, sample: () => Buffer): Buffer {
  const from = random(bytes.length + 1)
  const to = from + random(bytes.length - from + 1)
  const replaced = (middle: Uint8Array | string, end = to): Buffer =>
    Buffer.concat([bytes.subarray(0, from), Buffer.from(middle), bytes.subarray(end)])
  switch (random(9)) {
    case 0:
      return replaced(Uint8Array.of(random(256)), from + 1)
    case 1:
      return replaced(Uint8Array.of(random(256)), from)
    case 2:
      return replaced('')
    case 3:
      return replaced(bytes.subarray(from, Math.min(to, from + 40)), from)
    case 4:
      return bytes.subarray(0, from)
    case 5:
      return replaced(sample(), from)
    case 6:
      return replaced(
        ['\r', '\n', '\r\n', ' ', '\0', '\t', '\x7f', '\x80'][random(8)] as string,
        from,
      )
    default:
      return withOtherNumber(bytes, random)
  }
}

/** Replaces one of the numbers by one that is at an edge of what a parser can take. */
function withOtherNumber(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString('latin1')
  const numbers = [...text.matchAll(/\d+/g)]
  const number = numbers[random(numbers.length)]
  if (number === undefined) return bytes
  const other = NUMBERS[random(NUMBERS.length)] as string
  const end = number.index + number[0].length
  return Buffer.from(text.slice(0, number.index) + other + text.slice(end), 'latin1')
}

/** The bytes in up to five pieces, in buffers of their own. */
export function pieces(bytes: Buffer, random: Random): Buffer[] {
  const cuts = Array.from({ length: random(5) }, () => random(bytes.length + 1)).sort(
    (a, b) => a - b,
  )
  return [...cuts, bytes.length].map((end, i) => Buffer.from(bytes.subarray(cuts[i - 1] ?? 0, end)))
}

/** Runs `check` on mutated inputs. An error that it throws comes with the seed and input that repeat it. */
export function fuzz(
  samples: readonly Buffer[],
  runs: number,
  check: (input: Buffer, random: Random) => void,
): void {
  const random = randomFrom(seed)
  const before = process.memoryUsage().arrayBuffers
  for (let run = 0; run < runs; run++) {
    const input = mutated(samples, random)
    try {
      check(input, random)
    } catch (cause) {
      const text = JSON.stringify(input.toString('latin1'))
      throw new Error(`MC_SEED=${seed}, run ${run}, input ${text}`, { cause })
    }
    if (run % 1000 === 0) {
      const kept = process.memoryUsage().arrayBuffers - before
      if (kept > 256 * 1024 ** 2) throw new Error(`${kept} bytes are kept after run ${run}`)
    }
  }
}
