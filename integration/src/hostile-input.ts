/** What types do not allow and JavaScript does. */
export const anything = (value: unknown): never => value as never

/** Bytes whose memory was transferred away. */
export function detached(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

/** Memory that can change its length, in every supported Node but not yet in the library types. */
export function resizable(length: number, maxByteLength: number) {
  const buffer: unknown = Reflect.construct(ArrayBuffer, [length, { maxByteLength }])
  return buffer as ArrayBuffer & { resize(length: number): void }
}

function shared(text: string): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(text.length))
  bytes.set(Buffer.from(text))
  return bytes
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** Bytes that say of themselves what is not so. */
function lying(text: string, lies: Record<string, unknown>): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text))
  for (const [name, value] of Object.entries(lies)) Object.defineProperty(bytes, name, { value })
  return bytes
}

const throwing = (name: string): object =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get: () => thrown('a getter of the caller'),
  })

function thrown(message: string): never {
  throw new Error(message)
}

type OddKey = readonly [key: unknown, same: string]
type OddValue = readonly [value: unknown, read: unknown]

/** Keys that every call refuses, each made anew. */
export const ILLEGAL_KEYS: Readonly<Record<string, () => unknown>> = {
  'an object with toString': () => ({ toString: () => 'k' }),
  'an object with Symbol.toPrimitive': () => ({ [Symbol.toPrimitive]: () => 'k' }),
  'a String object': () => new String('k'),
  'an object that only looks like bytes': () => Object.create(Uint8Array.prototype),
  'a proxy of bytes': () => new Proxy(new Uint8Array([107]), {}),
  'a revoked proxy': () => revoked({}),
  'a revoked proxy of a pair': () => revoked(['a', 'b']),
  'a pair whose parts throw': () =>
    Object.defineProperty(['a', 'b'], 1, { get: () => thrown('a getter of the caller') }),
  'a pair of pairs': () => [
    ['a', 'b'],
    ['c', 'd'],
  ],
  'detached bytes': () => detached(3),
  'words of 16 bits': () => new Uint16Array([107]),
  'a DataView': () => new DataView(new ArrayBuffer(3)),
  'an ArrayBuffer': () => new ArrayBuffer(3),
  'a symbol': () => Symbol('k'),
  'a lone surrogate': () => 'a\udc00b',
  '251 bytes of UTF-8 in 126 characters': () => `${'é'.repeat(125)}k`,
  'bytes that end a line': () => Buffer.from('k\r\nflush_all\r\n'),
  'shared bytes that end a line': () => shared('k\r\nflush_all\r\n'),
  'bytes that say they are fewer than they are': () => lying('x'.repeat(300), { length: 3 }),
}

/** Odd keys that are taken, each with text that is the same key. */
export const LEGAL_KEYS: Readonly<Record<string, () => OddKey>> = {
  'a view into a larger buffer': () => [Buffer.from('..key..').subarray(2, 5), 'key'],
  'shared bytes': () => [shared('key'), 'key'],
  'bytes with lies about their length': () => [lying('key', { length: 1, byteLength: 9 }), 'key'],
  'bytes with lies about their place': () => [lying('key', { byteOffset: 99 }), 'key'],
  'a pair behind a proxy': () => [new Proxy(['route', 'key'], {}), 'key'],
  'the name of a prototype': () => ['__proto__', '__proto__'],
  'the name of a constructor': () => ['constructor', 'constructor'],
  'a character whose low byte ends a line': () => ['kĊflush_all', 'kĊflush_all'],
  '250 bytes of UTF-8': () => ['é'.repeat(125), 'é'.repeat(125)],
}

/** Values that cannot be stored, each made anew. */
export const ILLEGAL_VALUES: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  'a function': () => () => 1,
  'a symbol': () => Symbol('v'),
  'a promise': () => Promise.resolve('v'),
  'a Map': () => new Map([['a', 1]]),
  'detached bytes': () => detached(5),
  'words of 16 bits': () => new Uint16Array(2),
  'a DataView': () => new DataView(new ArrayBuffer(3)),
  'an ArrayBuffer': () => new ArrayBuffer(3),
  'an object that only looks like bytes': () => Object.create(Uint8Array.prototype),
  'a revoked proxy': () => revoked({}),
  'a revoked proxy of an array': () => revoked([]),
  'an object that holds itself': () => {
    const self: Record<string, unknown> = {}
    self.self = self
    return self
  },
  'arrays 100,000 deep': () => {
    let deep: unknown = []
    for (let i = 0; i < 100_000; i++) deep = [deep]
    return deep
  },
  'a getter that throws': () => throwing('part'),
  'a toJSON that throws nothing of a kind': () => ({
    toJSON() {
      throw null
    },
  }),
  'a toJSON without an answer': () => ({ toJSON: () => undefined }),
  'an object with a bigint': () => ({ n: 1n }),
  'an object with toString': () => ({ toString: () => 'x' }),
  'an object that can be awaited': () =>
    Object.fromEntries([['then', (resolve: () => void) => resolve()]]),
  'a bigint of 100,001 digits': () => 10n ** 100_000n,
}

/** Odd values that can be stored, each with what is read. */
export const LEGAL_VALUES: Readonly<Record<string, () => OddValue>> = {
  'text that looks like a reply': () => ['END\r\nVALUE k 0 1\r\n', 'END\r\nVALUE k 0 1\r\n'],
  'text with a lone surrogate': () => ['a\ud800b', 'a\ud800b'],
  'text with a byte order mark': () => ['\ufeffa', '\ufeffa'],
  'no bytes at all': () => [new Uint8Array(0), Buffer.alloc(0)],
  'a view into a larger buffer': () => [
    Buffer.from('..bytes..').subarray(2, 7),
    Buffer.from('bytes'),
  ],
  'shared bytes': () => [shared('bytes'), Buffer.from('bytes')],
  'many shared bytes': () => [shared('b'.repeat(50_000)), Buffer.alloc(50_000, 'b')],
  'bytes that say they are fewer': () => [
    lying('flush_all\r\n', { length: 1, byteLength: 1 }),
    Buffer.from('flush_all\r\n'),
  ],
  'bytes that say they are more': () => [
    lying('bytes', { length: 900, byteLength: 900 }),
    Buffer.from('bytes'),
  ],
  'many bytes that say they are fewer': () => [
    lying('flush_all\r\n'.repeat(5000), { byteLength: 3 }),
    Buffer.from('flush_all\r\n'.repeat(5000)),
  ],
  'many bytes that say they are more': () => [
    lying('b'.repeat(20_000), { byteLength: 90_000 }),
    Buffer.alloc(20_000, 'b'),
  ],
  'many bytes that say they lie elsewhere': () => [
    lying('b'.repeat(20_000), { buffer: new ArrayBuffer(1), byteOffset: 7 }),
    Buffer.alloc(20_000, 'b'),
  ],
  'a String object': () => [new String('text'), 'text'],
  'a proxy of an object': () => [new Proxy({ a: 1 }, {}), { a: 1 }],
  'an object with the key __proto__': () => {
    const object = JSON.parse('{"__proto__":{"polluted":true}}')
    return [object, object]
  },
}

/** What stands in the place of a call’s options, or is in them, and cannot be meant. */
export const ILLEGAL_CALL_OPTIONS: Readonly<Record<string, unknown>> = {
  'a number in the place of options': 60,
  'text in the place of options': 'noreply',
  null: null,
  'a signal that is none': { signal: {} },
  'null for a signal': { signal: null },
  'a controller for a signal': { signal: new AbortController() },
  'a timeout as bigint': { timeout: 5n },
  'a timeout as text': { timeout: '5' },
  'noreply as text': { noreply: 'no' },
}

/** What stands in the place of a client’s options, or is in them, and cannot be meant. */
export const ILLEGAL_CLIENT_OPTIONS: Readonly<Record<string, unknown>> = {
  'a number': 5,
  text: 'localhost',
  null: null,
  'no serde': { serde: {} },
  'a serde as text': { serde: 'json' },
  'a prefix that is no text': { keyPrefix: 5 },
  'a prefix that ends a line': { keyPrefix: 'a\r\n' },
  'a delay as a number': { reconnectDelay: 5 },
  'no delay': { reconnectDelay: null },
  'a timeout as text': { timeout: '1s' },
  'a limit as text': { maxInFlight: '5' },
  'keepAlive true': { keepAlive: true },
  'tls as text': { tls: 'on' },
  'ignoreExc as text': { ignoreExc: 'no' },
}
