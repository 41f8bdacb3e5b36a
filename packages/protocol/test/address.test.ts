import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressName,
  MemcacheIllegalInputError,
  parseAddress,
  type ServerSpec,
} from '../src/index.ts'

function parseAnything(spec: unknown) {
  return parseAddress(spec as ServerSpec)
}

describe('parseAddress', () => {
  it.each<[ServerSpec, string, number]>([
    ['localhost', 'localhost', 11211],
    ['localhost:12345', 'localhost', 12345],
    ['cache.example.com', 'cache.example.com', 11211],
    ['cache_1:1', 'cache_1', 1],
    ['127.0.0.1', '127.0.0.1', 11211],
    ['127.0.0.1:65535', '127.0.0.1', 65535],
    ['größe.example:5', 'größe.example', 5],
    ['host:011', 'host', 11],
    ['[::1]', '::1', 11211],
    ['[::1]:12345', '::1', 12345],
    ['[fe80::1%eth0]:11', 'fe80::1%eth0', 11],
    ['[host]:5', 'host', 5],
    ['[10.0.0.1]:5', '10.0.0.1', 5],
    ['::1', '::1', 11211],
    ['::', '::', 11211],
    ['fe80::1', 'fe80::1', 11211],
    ['fe80::1%eth0', 'fe80::1%eth0', 11211],
    ['fe80::1%eth0:11', 'fe80::1%eth0', 11],
    ['fe80::1:1e3', 'fe80::1:1e3', 11211],
    ['2001:db8:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:1', 11211],
    ['2001:db8:0:0:0:0:0:1:9', '2001:db8:0:0:0:0:0:1', 9],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1', 11211],
    ['::ffff:10.0.0.1:9', '::ffff:10.0.0.1', 9],
    ['2001:db8::1:11211', '2001:db8::1', 11211],
    ['::1:11211', '::1', 11211],
    [['h', 1], 'h', 1],
    [['::1', 1], '::1', 1],
    [['[::1]', 11211], '::1', 11211],
    [{ host: 'h' }, 'h', 11211],
    [{ host: 'h', port: undefined }, 'h', 11211],
    [{ host: '::1', port: 7 }, '::1', 7],
  ])('reads %j as a host and port', (spec, host, port) => {
    expect(parseAddress(spec)).toEqual({ host, port })
  })

  it.each<[ServerSpec, string]>([
    ['unix:/run/m.sock', '/run/m.sock'],
    ['unix:relative.sock', 'relative.sock'],
    ['unix://run/x', '//run/x'],
    ['/run/m.sock', '/run/m.sock'],
    ['/run/with space:1', '/run/with space:1'],
    [{ path: '/run/m.sock' }, '/run/m.sock'],
    [{ path: './m.sock' }, './m.sock'],
  ])('reads %j as the path of a Unix socket', (spec, path) => {
    expect(parseAddress(spec)).toEqual({ path })
  })

  it.each<[unknown, string]>([
    ['', 'host is empty'],
    [':123', 'host is empty'],
    ['[]:1', 'host is empty'],
    [['', 1], 'host is empty'],
    [':', 'port "" is not a decimal number'],
    ['host:', 'port "" is not a decimal number'],
    ['[::1]:', 'port "" is not a decimal number'],
    ['host:abc', 'port "abc" is not a decimal number'],
    ['host:0x10', 'port "0x10" is not a decimal number'],
    ['host:1_000', 'port "1_000" is not a decimal number'],
    ['host: 12 ', 'port " 12 " is not a decimal number'],
    ['host:+1', 'port "+1" is not a decimal number'],
    ['host:-1', 'port "-1" is not a decimal number'],
    ['host:1.5', 'port "1.5" is not a decimal number'],
    ['UNIX:/x', 'port "/x" is not a decimal number'],
    ['::1]', 'port "1]" is not a decimal number'],
    ['host:0', 'port must be an integer from 1 to 65535, got 0'],
    ['host:65536', 'port must be an integer from 1 to 65535, got 65536'],
    [['h', '1'], 'port must be an integer from 1 to 65535, got "1"'],
    [['h', 1.5], 'port must be an integer from 1 to 65535, got 1.5'],
    [{ host: 'h', port: null }, 'port must be an integer from 1 to 65535, got null'],
    ['[::1', '"[::1" has no closing bracket'],
    ['[::1]x', '"[::1]x" goes on after the closing bracket'],
    ['[::1]1:2', '"[::1]1:2" goes on after the closing bracket'],
    ['tcp://h:1', 'the schemes of URLs are memcached and memcacheds'],
    ['./m.sock', '"./m.sock" is neither a host name nor an IP address'],
    ['a b', '"a b" is neither a host name nor an IP address'],
    [' host:1', '" host" is neither a host name nor an IP address'],
    ['host\n:1', '"host\\n" is neither a host name nor an IP address'],
    ['a:b:1', '"a:b" is neither a host name nor an IP address'],
    ['1::2::3:11211', '"1::2::3" is neither a host name nor an IP address'],
    ['[:1]:5', '"[:1]" is neither a host name nor an IP address'],
    ['::1:9', 'write [::1:9] or [::1]:9'],
    ['2001:db8::1:80', 'write [2001:db8::1:80] or [2001:db8::1]:80'],
    ['unix:', 'the path of the Unix socket is empty'],
    [{ path: '' }, 'the path of the Unix socket is empty'],
    [{ path: 'a\0b' }, 'the path of the Unix socket contains NUL'],
    [{ path: 5 }, 'path must be a string, got number'],
    [{ path: '/x', host: 'h' }, 'an object has either a host or a path'],
    [{ h: 1 }, 'host must be a string, got undefined'],
    [['h'], 'an array must be [host, port], got 1 elements'],
    [['h', 1, 2], 'an array must be [host, port], got 3 elements'],
    [[], 'an array must be [host, port], got 0 elements'],
    [Buffer.from('localhost'), 'host must be a string, got undefined'],
    [null, 'got null'],
    [undefined, 'got undefined'],
    [12345, 'got number'],
  ])('refuses %j and says why', (spec, why) => {
    expect(() => parseAnything(spec)).toThrow(MemcacheIllegalInputError)
    expect(() => parseAnything(spec)).toThrow(why)
  })

  it('says in each refusal which forms are allowed', () => {
    expect(() => parseAddress('host:')).toThrow(
      "'[ipv6]:port', '/path', 'unix:path' and 'memcached://",
    )
  })

  it('keeps passwords out of its messages', () => {
    for (const spec of ['http://user:secret@host:1', 'user:secret@host:1', 'user:secret@host']) {
      expect(() => parseAddress(spec)).toThrow(MemcacheIllegalInputError)
      expect(() => parseAddress(spec)).not.toThrow(/secret/)
    }
  })

  it('tells IPv6 addresses as the resolver does', () => {
    const group = fc.oneof(fc.stringMatching(/^[\da-f]{1,5}$/), fc.constant(''), fc.ipV4())
    const address = fc.oneof(
      fc.ipV6(),
      fc.array(group, { minLength: 2, maxLength: 9 }).map((groups) => groups.join(':')),
    )
    fc.assert(
      fc.property(address, (text) => {
        let accepted = true
        try {
          parseAddress([text, 1])
        } catch {
          accepted = false
        }
        expect(accepted).toBe(isIPv6(text))
      }),
    )
  })

  it('reads a spec of any host and port, and the name of its address, as the same address', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4())
    fc.assert(
      fc.property(host, fc.ipV6(), fc.integer({ min: 1, max: 65535 }), (name, ipv6, port) => {
        expect(parseAddress(`${name}:${port}`)).toEqual({ host: name, port })
        expect(parseAddress(`[${ipv6}]:${port}`)).toEqual({ host: ipv6, port })
        expect(parseAddress(`[${ipv6}]`)).toEqual(parseAddress([ipv6, 11211]))
        const address = parseAddress([name, port])
        expect(parseAddress(addressName(address))).toEqual(address)
      }),
    )
  })

  it('answers any text with an address or a refusal', () => {
    const piece = fc.oneof(
      fc.constantFrom(':', '::', '[', ']', '/', 'unix:', '1', '%'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          const address = parseAddress(pieces.join(''))
          if ('port' in address) expect(address.host).toMatch(/^[^\s[\]]+$/)
        } catch (error) {
          expect(error).toBeInstanceOf(MemcacheIllegalInputError)
        }
      }),
    )
  })
})

describe('addressName', () => {
  it.each<[ServerSpec, string]>([
    ['127.0.0.1', '127.0.0.1:11211'],
    ['127.0.0.1:11211', '127.0.0.1:11211'],
    [['127.0.0.1', 11211], '127.0.0.1:11211'],
    ['localhost:1', 'localhost:1'],
    ['[::1]:5', '::1:5'],
    ['[::1]:9', '::1:9'],
    ['::1', '::1:11211'],
    ['unix:/run/m.sock', '/run/m.sock'],
    ['/tmp/x.sock', '/tmp/x.sock'],
    [['h', 11], 'h:11'],
    [{ host: 'h2', port: 12 }, 'h2:12'],
  ])('names %j as pymemcache does', (spec, name) => {
    expect(addressName(parseAddress(spec))).toBe(name)
  })
})
