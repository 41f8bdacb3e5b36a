import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLong, runs, seed } from '../../../test-support/amounts.ts'
import { addressName, MemcacheIllegalInputError, parseAddress } from '../src/index.ts'

const SECRET = 'Tr0ub4dor'

describe('the URL of a server', () => {
  test.each([
    ['memcached://host', 'host:11211', undefined],
    ['memcached://host/', 'host:11211', undefined],
    ['MEMCACHED://host:1', 'host:1', undefined],
    ['memcacheds://host', 'host:11211', { tls: true }],
    ['memcached://host?tls=true', 'host:11211', { tls: true }],
    ['memcached://host?tls=false', 'host:11211', { tls: false }],
    [
      'memcacheds://host/?tls=true&auth=memcachier',
      'host:11211',
      { tls: true, auth: 'memcachier' },
    ],
    ['memcached://host?', 'host:11211', undefined],
    ['memcached://[::1]', '::1:11211', undefined],
    ['memcached://[fe80::1%25eth0]:5', 'fe80::1%eth0:5', undefined],
    ['memcached://unix:5', 'unix:5', undefined],
    ['memcached://me@host', 'host:11211', { username: 'me' }],
    ['memcached://me:p%40%3A%25@host', 'host:11211', { username: 'me', password: 'p@:%' }],
    ['memcached://me:a:b@c@host', 'host:11211', { username: 'me', password: 'a:b@c' }],
    ['memcached:///run/m.sock', '/run/m.sock', undefined],
    ['memcached://me:pw@/run/my%20m.sock', '/run/my m.sock', { username: 'me', password: 'pw' }],
  ])('%s', (url, name, access) => {
    const address = parseAddress(url)
    expect(addressName(address)).toBe(name)
    expect(address.access?.()).toEqual(access)
  })

  test.each([
    ['memcached://', 'it has no host'],
    ['memcached:///', 'it has no host'],
    ['memcached://:5', 'its host or port is invalid'],
    ['memcached://::1', 'its host or port is invalid'],
    ['memcached://host:', 'its host or port is invalid'],
    ['memcached://host:0', 'host or port of the URL is invalid'],
    ['memcached://h st', 'host or port of the URL is invalid'],
    ['memcached://host/db', 'it has a path behind the host'],
    ['memcached://host#x', 'percent-encoded'],
    ['memcached://%zz', 'its percent-encoding is invalid'],
    ['memcached://:pw@host', 'its user and password must be non-empty and without blanks'],
    ['memcached://me:@host', 'its user and password must be non-empty and without blanks'],
    ['memcached://me:p%20w@host', 'its user and password must be non-empty and without blanks'],
    [
      'memcached://host?tls',
      'its parameters may be tls=true, tls=false and auth=memcached or auth=memcachier',
    ],
    ['memcached://host?tls=1', 'its parameters may be'],
    ['memcached://host?timeout=5', 'its parameters may be'],
    ['memcached://host?tls=true&tls=true', 'its parameters may be'],
    ['memcacheds://host?tls=false', 'tls=false contradicts memcacheds'],
  ])('%s is refused', (url, why) => {
    expect(() => parseAddress(url)).toThrow(MemcacheIllegalInputError)
    expect(() => parseAddress(url)).toThrow(why)
  })

  test.each(['@', '/', '?', '#', '%', ':', ' ', ''])(
    'shows no part of a password, whatever was forgotten to be encoded: %j',
    (mark) => {
      for (const url of [
        `memcached://me:${mark}${SECRET}@host:port`,
        `memcached://me:${SECRET}${mark}${SECRET}@host:0`,
        `memcached://me:x${mark}${SECRET}@host?x=y`,
        `memcached://me:1${mark}${SECRET}:port`,
      ]) {
        expect(() => parseAddress(url)).toThrow(MemcacheIllegalInputError)
        expect(() => parseAddress(url)).not.toThrow(SECRET)
      }
    },
  )

  test('gives an address that shows no password', () => {
    const address = parseAddress(`memcached://me:${SECRET}@host`)
    const everything = { depth: 9, showHidden: true, getters: true } as const
    for (const text of [inspect(address), inspect(address, everything), JSON.stringify(address)]) {
      expect(text).not.toContain(SECRET)
    }
    expect(parseAddress(address).access?.()).toEqual({ username: 'me', password: SECRET })
  })

  test('reads any user and password that are percent-encoded', {
    tags: isLong ? ['long'] : [],
  }, () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((it) => !/[\s\0]/.test(it))
    const property = fc.property(word, word, (username, password) => {
      const login = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`
      expect(parseAddress(`memcached://${login}@host`).access?.()).toEqual({ username, password })
    })
    fc.assert(property, { seed, numRuns: runs(50, 5000) })
  })
})

test.each([
  { host: 'h', access: {} },
  { path: '/p', access: 'x' },
])('%j has no access', (spec) => {
  expect(() => parseAddress(spec as never)).toThrow('access must be a function, got')
})
