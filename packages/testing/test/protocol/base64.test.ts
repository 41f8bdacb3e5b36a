import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64, encodeBase64 } from '../../src/protocol/base64.ts'

describe('base64 keys', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 186 }), (bytes) => {
        const key = Buffer.from(bytes).toString('latin1')
        expect(decodeBase64(encodeBase64(key))).toBe(key)
      }),
    )
  })

  test.each(['', 'a', 'abc', '!!!!', 'A===', '===='])('are refused as %j', (text) => {
    expect(decodeBase64(text)).toBeUndefined()
  })

  test('are read past what is not base64, and up to the first padding', () => {
    expect(decodeBase64('Y!W\xe9Jj')).toBe('abc')
    expect(decodeBase64('YQ==YWJj')).toBe('a')
  })
})
