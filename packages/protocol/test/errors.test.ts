import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import * as own from '../src/index.ts'
import { kindOf, messageOf, toError } from '../src/toolkit.ts'

vi.resetModules()
const copy = (await import('../src/errors.ts')) as typeof import('../src/errors.ts')

describe('errors of two copies of the package', () => {
  it('are of one class', () => {
    expect(copy.MemcacheTimeoutError).not.toBe(own.MemcacheTimeoutError)
    const foreign = new copy.MemcacheTimeoutError('late')
    expect(foreign).toBeInstanceOf(own.MemcacheTimeoutError)
    expect(foreign).toBeInstanceOf(own.MemcacheError)
    expect(foreign).not.toBeInstanceOf(own.MemcacheConnectError)
    expect(own.isConnectionError(foreign)).toBe(true)
    const partial = new copy.MemcachePartialError(true, new Map([['k', foreign]]))
    expect(own.isConnectionError(partial)).toBe(true)
  })

  it('a subclass of a user is recognised by its own prototype', () => {
    class Own extends own.MemcacheTimeoutError {}
    expect(new Own('late')).toBeInstanceOf(Own)
    expect(new Own('late')).toBeInstanceOf(copy.MemcacheTimeoutError)
    expect(new own.MemcacheTimeoutError('late')).not.toBeInstanceOf(Own)
  })

  it.each([
    ['null', null],
    ['a string', 'MEMCACHE_TIMEOUT'],
    ['an object without a prototype', Object.create(null)],
    ['a revoked proxy', revoked()],
    ['another error', new Error('late')],
  ])('%s is none of them', (_name, value) => {
    expect(value instanceof own.MemcacheError).toBe(false)
    expect(own.isConnectionError(value)).toBe(false)
  })
})

describe('what was thrown', () => {
  it.each([
    ['an error', new Error('broken'), 'broken'],
    ['a string', 'broken', 'broken'],
    ['nothing', undefined, 'undefined'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object without a prototype', Object.create(null), 'a thrown object that has no text'],
    ['a revoked proxy', revoked(), 'a thrown object that has no text'],
  ])('%s has a text', (_name, thrown, text) => {
    expect(messageOf(thrown)).toBe(text)
    expect(toError(thrown).message).toBe(text)
  })
})

describe('the kind of a thing', () => {
  it.each([
    ['an error', new SyntaxError('secret'), 'SyntaxError'],
    ['an error of ours', new own.MemcacheTimeoutError('secret'), 'MemcacheTimeoutError'],
    ['text', 'secret', 'string'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an object with a constructor of its own', { constructor: { name: 'secret' } }, 'Object'],
    ['an object without a prototype', Object.create(null), 'object'],
    ['a revoked proxy', revoked(), 'object'],
  ])('says nothing of what is in %s', (_name, value, kind) => {
    expect(kindOf(value)).toBe(kind)
  })
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

it('a code that no error has is a mistake of types', () => {
  const error: own.MemcacheError = new own.MemcacheTimeoutError('late')
  expectTypeOf(error.code).toEqualTypeOf<own.MemcacheErrorCode>()
  expectTypeOf<'MEMCACHE_DISCOVERY'>().toExtend<own.MemcacheErrorCode>()
  // @ts-expect-error A letter is missing.
  expect(error.code === 'MEMCACHE_TIMOUT').toBe(false)
  expect(error.code).toBe('MEMCACHE_TIMEOUT')
})
