import { expect, test } from 'vitest'
import { unknownOption } from '../src/client/option-names.ts'

const names = new Set(['expire', 'flags', 'timeout', 'signal', 'noreply', 'keyPrefix'])

test.each([
  ['ttl', 'expire'],
  ['exptime', 'expire'],
  ['lifetime', 'expire'],
  ['expires', 'expire'],
  ['timeOut', 'timeout'],
  ['timeot', 'timeout'],
  ['noReply', 'noreply'],
  ['key_prefix', 'keyPrefix'],
  ['prefix', 'keyPrefix'],
  ['flag', 'flags'],
])('%s is meant to be %s', (name, meant) => {
  expect(unknownOption({ [name]: 1 }, names)).toBe(
    `there is no option "${name}": did you mean ${meant}?`,
  )
})

test('the error for a name that resembles no option lists all options', () => {
  expect(unknownOption({ bananas: 1 }, new Set(['a', 'b']))).toBe(
    'there is no option "bananas": the options are a, b',
  )
})

test('names that are known, and those without a value, are taken', () => {
  expect(unknownOption({ expire: 1, ttl: undefined }, names)).toBeUndefined()
})
