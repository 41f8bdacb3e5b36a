import fc from 'fast-check'

/** Stands for the Unix time of the server in seconds, plus the number behind it. */
export const NOW_PLACEHOLDER: RegExp = /%NOW([+-]\d+)%/g

/** What is sent on one connection; time moves by a second or more from one moment to the next. */
export interface TimedPlan {
  /** By sequence and moment: commands that are sent at once. */
  readonly sequences: readonly (readonly string[])[]
  /** One flush of everything, sent in front of a sequence of a moment. */
  readonly flush: { readonly moment: number; readonly before: number; readonly line: string }
}

export const MOMENTS = 4

const exptime = fc.constantFrom(
  ...['0', '1', '1', '2', '2', '3', '100', '-1'],
  ...['%NOW-1%', '%NOW+0%', '%NOW+1%', '%NOW+2%'],
)
const key = fc.constantFrom('%KEY%a', '%KEY%b')
const value = fc.constantFrom('', '5', '100', 'text')
const cas = fc.constantFrom('%CAS+0%', '%CAS-1%')

function flags(...tokens: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc
    .uniqueArray(fc.oneof(...tokens), { selector: (token) => token[0], maxLength: 6 })
    .map((list) => list.map((token) => ` ${token}`).join(''))
}

const letters = (...list: string[]): fc.Arbitrary<string> => fc.constantFrom(...list)
const withTime = (letter: string): fc.Arbitrary<string> => exptime.map((exp) => `${letter}${exp}`)
const set = fc
  .tuple(letters('set', 'set', 'add', 'replace', 'append', 'prepend'), key, exptime, value)
  .map(([verb, k, exp, data]) => `${verb} ${k} 0 ${exp} ${data.length}\r\n${data}\r\n`)
const read = fc.tuple(letters('get', 'gets'), key).map(([verb, k]) => `${verb} ${k}\r\n`)
const other = fc.oneof(
  fc.tuple(letters('gat', 'gats'), exptime, key).map(([verb, exp, k]) => `${verb} ${exp} ${k}\r\n`),
  fc.tuple(key, exptime).map(([k, exp]) => `touch ${k} ${exp}\r\n`),
  fc.tuple(letters('incr', 'decr'), key).map(([verb, k]) => `${verb} ${k} 7\r\n`),
  fc.tuple(letters('delete', 'me'), key).map(([verb, k]) => `${verb} ${k}\r\n`),
  fc.tuple(key, exptime, cas).map(([k, exp, unique]) => `cas ${k} 0 ${exp} 1 ${unique}\r\n5\r\n`),
)
const mg = fc
  .tuple(
    key,
    flags(
      letters('t', 'l', 'h', 'c', 'v', 's'),
      letters('t', 'l', 'u', 'q'),
      letters('R0', 'R1', 'R2', 'R3', 'R30'),
      withTime('R'),
      withTime('N'),
      withTime('T'),
    ),
  )
  .map(([k, tail]) => `mg ${k}${tail}\r\n`)
const otherMeta = fc.oneof(
  fc
    .tuple(
      key,
      value,
      flags(
        withTime('T'),
        letters('I', 'ME', 'MA', 'MP', 'MR', 'c'),
        withTime('N'),
        cas.map((unique) => `C${unique}`),
      ),
    )
    .map(([k, data, tail]) => `ms ${k} ${data.length}${tail}\r\n${data}\r\n`),
  fc
    .tuple(
      key,
      flags(
        letters('I'),
        letters('I', 'q'),
        withTime('T'),
        cas.map((unique) => `C${unique}`),
      ),
    )
    .map(([k, tail]) => `md ${k}${tail}\r\n`),
  fc
    .tuple(key, flags(letters('t', 'v', 'c', 'J3', 'MD'), withTime('N'), withTime('T')))
    .map(([k, tail]) => `ma ${k}${tail}\r\n`),
)
const command = fc.oneof(
  { weight: 5, arbitrary: set },
  { weight: 3, arbitrary: read },
  { weight: 4, arbitrary: other },
  { weight: 6, arbitrary: mg },
  { weight: 4, arbitrary: otherMeta },
)
const together = fc
  .array(command, { minLength: 1, maxLength: 5, size: 'max' })
  .map((commands) => commands.join(''))

/** @param count - sequences, each of which has keys of its own */
export function timedPlan(count: number): fc.Arbitrary<TimedPlan> {
  const sequence = fc.array(together, { minLength: MOMENTS, maxLength: MOMENTS })
  return fc.record({
    sequences: fc
      .array(sequence, { minLength: count, maxLength: count })
      .map((all) => all.map((steps, i) => steps.map((step) => step.replaceAll('%KEY%', `${i}`)))),
    flush: fc.record({
      moment: fc.nat(MOMENTS - 2),
      before: fc.nat(count - 1),
      line: fc
        .constantFrom('', ' 0', ' 1', ' 2', ' %NOW+1%', ' %NOW+2%', ' -1')
        .map((delay) => `flush_all${delay}\r\n`),
    }),
  })
}
