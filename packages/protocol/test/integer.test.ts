import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemcacheIllegalInputError } from '../src/index.ts'
import {
  checkCas,
  checkDelay,
  checkFlags,
  checkInteger,
  toExptime,
  toUint64,
} from '../src/toolkit.ts'

const THIRTY_DAYS = 30 * 24 * 60 * 60
const END_OF_TIME = 2 ** 31 - 1
const NOW = 1_700_000_000
const now = () => NOW * 1000 + 999

const notIntegers: readonly unknown[] = [
  null,
  undefined,
  true,
  false,
  '5',
  '',
  5n,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  [],
  {},
]

function exptimeOfAnything(expire: unknown) {
  return toExptime(expire as number, now)
}

describe('toExptime', () => {
  it('says up to 30 days in seconds from now', () => {
    for (const expire of [0, 1, 60, THIRTY_DAYS - 1, THIRTY_DAYS]) {
      expect(toExptime(expire, now)).toBe(expire)
    }
  })

  it('says more than 30 days as the Unix time of that moment', () => {
    expect(toExptime(THIRTY_DAYS + 1, now)).toBe(NOW + THIRTY_DAYS + 1)
    expect(toExptime(END_OF_TIME - NOW, now)).toBe(END_OF_TIME)
  })

  it('refuses what lies past 2038, which no server can be told', () => {
    for (const expire of [END_OF_TIME - NOW + 1, END_OF_TIME, Number.MAX_SAFE_INTEGER, 1e300]) {
      expect(() => toExptime(expire, now)).toThrow(/2038/)
    }
    expect(() => toExptime(new Date((END_OF_TIME + 1) * 1000), now)).toThrow(/2038/)
    expect(() => toExptime(new Date(8.64e15), now)).toThrow(/2038/)
  })

  it('says every negative number as a time long past: expire at once', () => {
    for (const expire of [-1, -2, -THIRTY_DAYS, -(2 ** 40)]) {
      expect(toExptime(expire, now)).toBe(THIRTY_DAYS + 1)
      expect(toExptime(expire, () => 5000)).toBe(-1)
    }
  })

  it('takes a Date to the second above, so that an item never expires early', () => {
    expect(toExptime(new Date((NOW + 60) * 1000), now)).toBe(NOW + 60)
    expect(toExptime(new Date((NOW + 60) * 1000 + 1), now)).toBe(NOW + 61)
    expect(toExptime(new Date(END_OF_TIME * 1000), now)).toBe(END_OF_TIME)
  })

  it('takes a moment that has passed, or is now, as expired', () => {
    for (const date of [new Date(0), new Date(-1), new Date(now()), new Date(now() - 1)]) {
      expect(toExptime(date, now)).toBe(THIRTY_DAYS + 1)
    }
    expect(toExptime(new Date(now() + 1), now)).toBe(NOW + 1)
  })

  it('never gives a Date in a form that is read as seconds from now', () => {
    const earlyClock = () => 0
    expect(toExptime(new Date(5000), earlyClock)).toBeGreaterThan(THIRTY_DAYS)
  })

  it('refuses an invalid Date', () => {
    expect(() => toExptime(new Date(Number.NaN), now)).toThrow(/invalid Date/)
  })

  it.each(notIntegers)('refuses %s', (expire) => {
    expect(() => exptimeOfAnything(expire)).toThrow(MemcacheIllegalInputError)
  })

  it('gives a 32-bit integer that means what was asked, or refuses', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (expire) => {
        let exptime: number
        try {
          exptime = toExptime(expire, now)
        } catch (error) {
          expect(error).toBeInstanceOf(MemcacheIllegalInputError)
          expect(NOW + expire).toBeGreaterThan(END_OF_TIME)
          return
        }
        expect(exptime).toBeLessThanOrEqual(END_OF_TIME)
        if (expire < 0) expect(exptime).toBe(THIRTY_DAYS + 1)
        else expect(exptime > THIRTY_DAYS ? exptime - NOW : exptime).toBe(expire)
      }),
    )
  })
})

describe.each([
  ['flags', checkFlags, 2 ** 32 - 1],
  ['delay', checkDelay, 2 ** 31 - 1],
  ['level', (value: number) => checkInteger('level', value, 0, 9), 9],
] as const)('the check of %s', (name, check, max) => {
  it('passes the limits and what is between', () => {
    for (const value of [0, 1, max - 1, max]) expect(check(value)).toBe(value)
  })

  it.each([-1, max + 1, 2 ** 53, ...notIntegers])('refuses %s, naming what it is', (value) => {
    expect(() => check(value as number)).toThrow(MemcacheIllegalInputError)
    expect(() => check(value as number)).toThrow(new RegExp(`^${name} must be an integer`))
  })
})

describe('toUint64', () => {
  it('writes every unsigned 64-bit number in decimal', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (delta) => {
        expect(toUint64('delta', delta)).toBe(delta.toString())
      }),
    )
    expect(toUint64('delta', 2n ** 64n - 1n)).toBe('18446744073709551615')
    expect(toUint64('delta', 0)).toBe('0')
    expect(toUint64('delta', -0)).toBe('0')
    expect(toUint64('delta', Number.MAX_SAFE_INTEGER)).toBe('9007199254740991')
  })

  it.each([-1, -1n, 2n ** 64n, 2 ** 53, ...notIntegers.filter((value) => value !== 5n)])(
    'refuses %s',
    (delta) => {
      expect(() => toUint64('delta', delta as number)).toThrow(MemcacheIllegalInputError)
    },
  )
})

describe('checkCas', () => {
  it('passes the text of every unsigned 64-bit number as it is', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (cas) => {
        expect(checkCas(cas.toString())).toBe(cas.toString())
      }),
    )
  })

  it.each([
    '',
    'abc',
    '1 ',
    ' 1',
    '+1',
    '-1',
    '1.0',
    '0x1',
    '1\r\n',
    '٣',
    '18446744073709551616',
    '0'.repeat(21),
  ])('refuses %j', (cas) => {
    expect(() => checkCas(cas)).toThrow(MemcacheIllegalInputError)
  })

  it.each(notIntegers.filter((value) => typeof value !== 'string'))(
    'refuses %s, no text',
    (cas) => {
      expect(() => checkCas(cas as string)).toThrow(MemcacheIllegalInputError)
    },
  )
})
