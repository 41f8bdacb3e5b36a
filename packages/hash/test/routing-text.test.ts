import { MemcacheIllegalInputError } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { RendezvousHash } from '../src/index.ts'
import { routingText } from '../src/routing-text.ts'
import { hashVectors } from './vectors.ts'

describe('the text that routes a key', () => {
  it('is the key, or the first of a pair', () => {
    expect(routingText('key', 'text')).toBe('key')
    expect(routingText(['server', 'key'], 'text')).toBe('server')
    expect(routingText([Buffer.from('server'), 'key'], 'text')).toBe('server')
  })

  it('is the same for both forms of one key', () => {
    for (const key of ['key', 'café', '😀', '']) {
      expect(routingText(Buffer.from(key), 'text')).toBe(key)
    }
  })

  it('has one character for each byte where the bytes are no UTF-8', () => {
    expect(routingText(Uint8Array.of(0x61, 0xff, 0x80), 'text')).toBe('a\xff\x80')
  })

  it.each(hashVectors.pythonBytesRepr)(
    'is the Python literal $repr if so wished',
    ({ hex, repr }) => {
      expect(routingText(Buffer.from(hex, 'hex'), 'python-bytes')).toBe(repr)
      expect(routingText([Buffer.from(hex, 'hex'), 'key'], 'python-bytes')).toBe(repr)
    },
  )

  it('is a string key as it is, whatever the form of bytes', () => {
    expect(routingText('key', 'python-bytes')).toBe('key')
  })

  it('leads bytes keys to where pymemcache puts them', () => {
    for (const { nodes, placements } of hashVectors.rendezvous.lists) {
      const hasher = new RendezvousHash({ nodes })
      for (const { keyBytesHex, winner } of placements) {
        if (keyBytesHex === null) continue
        const text = routingText(Buffer.from(keyBytesHex, 'hex'), 'python-bytes')
        expect(hasher.getNode(text)).toBe(winner)
      }
    }
  })

  it.each([undefined, null, 7, {}, [], ['a'], ['a', 'b', 'c'], ['a', 7], [7, 'a']])(
    'does not exist for %j, which is no key',
    (key) => {
      expect(() => routingText(key as unknown as string, 'text')).toThrow(MemcacheIllegalInputError)
    },
  )
})
