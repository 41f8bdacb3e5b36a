import { MemcacheIllegalInputError, MemcacheSerdeError } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { isLong, runs, seed } from '../../../test-support/amounts.ts'
import { Flag, nativeSerdeWith, type PickleSerdeOptions, pickleSerde } from '../src/index.ts'
import { errorOf, readItem } from './round-trip.ts'

const serde = pickleSerde()

const read = (pickle: string | Uint8Array, options?: PickleSerdeOptions) =>
  readItem(
    options === undefined ? serde : pickleSerde(options),
    typeof pickle === 'string' ? Buffer.from(pickle, 'latin1') : pickle,
    Flag.pickle,
  )

async function roundTrip(value: unknown, options?: PickleSerdeOptions): Promise<unknown> {
  const { data, flags } = await pickleSerde(options).serialize(value, 'key')
  expect(flags).toBe(Flag.pickle)
  return await read(Buffer.from(data), options)
}

/** A call of a function by its name in protocol 0, with a tuple of arguments that is pickled already. */
const call = (module: string, name: string, args: string) => `c${module}\n${name}\n${args}R.`

describe('pickleSerde', () => {
  it('writes what pymemcache has flags for as pymemcache does', async () => {
    expect(await serde.serialize('text', 'key')).toEqual({ data: 'text', flags: Flag.text })
    expect(await serde.serialize(5, 'key')).toEqual({ data: '5', flags: Flag.integer })
    expect(await serde.serialize(5n, 'key')).toEqual({ data: '5', flags: Flag.long })
    const bytes = Uint8Array.of(1)
    expect(await serde.serialize(bytes, 'key')).toEqual({ data: bytes, flags: Flag.bytes })
    expect(readItem(serde, '5', Flag.integer)).toBe(5)
    expect(readItem(serde, 'x', Flag.bytes)).toEqual(Buffer.from('x'))
  })

  it.each([
    ['an object', { a: [1, -1, 300, 70_000, 2 ** 40, 1.5, null, true, 'ü', '\ud800'], b: {} }],
    ['a member named __proto__', JSON.parse('{"__proto__": {"polluted": true}}')],
    [
      'a Map',
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', new Map([[2n ** 80n, 1]])],
        [null, 2],
      ]),
    ],
    ['a Set', new Set([1, 'a', null])],
    ['bigints', [2n ** 64n, -(2n ** 63n), -(2n ** 2055n)]],
    ['bytes', [Buffer.from('x'), Buffer.alloc(300, 7)]],
    ['a number that JSON does not have', [Number.NaN, Number.POSITIVE_INFINITY, -0]],
    ['null', null],
    ['text that UTF-8 does not have', '\ud800x\udfff'],
  ])('gives %s back', async (_, value) => {
    expect(await roundTrip(value)).toStrictEqual(value)
  })

  it('keeps references: shared ones and cycles', async () => {
    const shared = { name: 'Ada' }
    const cycle: unknown[] = [shared, new Map([[1, shared]])]
    cycle.push(cycle)
    const value = (await roundTrip(cycle)) as [unknown, Map<number, unknown>, unknown]
    expect(value[2]).toBe(value)
    expect(value[1].get(1)).toBe(value[0])
  })

  it('writes arrays as tuples where Python must hash them', async () => {
    const value = new Map([[['Ada', 1], new Set([[1, 2]])]])
    expect(await roundTrip(value)).toEqual(value)
    const pickle = String((await serde.serialize(value, 'key')).data)
    expect(pickle).not.toContain(']')
  })

  it('writes an instance as its own members, without those that are undefined', async () => {
    class User {
      name = 'Ada'
      age = undefined
    }
    expect(await roundTrip([new User(), { toJSON: () => 'json' }])).toEqual([
      { name: 'Ada' },
      'json',
    ])
  })

  it.each(['utc', 'naive'] as const)(
    'writes a Date as a datetime where dates is %s',
    async (dates) => {
      const value = [new Date('2024-02-29T23:59:58.123Z'), new Date('0001-01-01T00:00:00Z')]
      expect(await roundTrip(value, { dates })).toEqual(value)
    },
  )

  it.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /miss/],
    ['a function', { f: () => 1 }, /a function/],
    ['a Date without the option', [new Date()], /option dates/],
    ['a promise', [Promise.resolve()], /Promise/],
    ['a typed array', [new Float64Array(2)], /Float64Array/],
    ['an object as a key', new Map([[{}, 1]]), /hash/],
    ['a bigint of too many digits', [10n ** 100_100n], /100,000 digits/],
  ])('refuses to write %s', (_, value, why) => {
    const write = () => serde.serialize(value, 'key')
    expect(write).toThrow(MemcacheIllegalInputError)
    expect(write).toThrow(why)
  })

  it('refuses what exceeds its limits in either direction', async () => {
    const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)
    expect(await roundTrip(nested(20), { maxDepth: 20 })).toEqual(nested(20))
    await expect(roundTrip(nested(21), { maxDepth: 20 })).rejects.toThrow(/20 levels/)
    await expect(roundTrip([1, 2, 3], { maxValues: 3 })).rejects.toThrow(/3 parts/)
    expect(() => read(`${'('.repeat(21)}.`, { maxDepth: 20 })).toThrow(/20 levels/)
    expect(() => read(`N${'\x85'.repeat(21)}.`, { maxDepth: 20 })).toThrow(/20 levels/)
    expect(() => read(`${'N'.repeat(4)}.`, { maxValues: 3 })).toThrow(/3 values/)
    expect(() => read(`N${'\x94'.repeat(4)}.`, { maxValues: 3 })).toThrow(/3 values/)
  })

  it('counts the levels of what is inside twice once for each place', () => {
    // memo 0: [], memo n: [memo n-1]; the root has them all, the innermost first.
    const list = (inner: number) =>
      `]q${String.fromCharCode(inner + 1)}h${String.fromCharCode(inner)}a`
    const chain = `(]q\0${Array.from({ length: 20 }, (_, i) => list(i)).join('')}l.`
    expect(() => read(chain, { maxDepth: 21 })).toThrow(/21 levels/)
    expect(read(chain, { maxDepth: 22 })).toHaveLength(21)
  })

  it.each([
    ['posix.system', call('posix', 'system', '(Vrm -rf /\ntR'.replace('tR', 't'))],
    ['builtins.eval', call('__builtin__', 'eval', '(V1\nt')],
    ['os.system', '\x8c\x02os\x8c\x06system\x93)R.'],
    ['shop.User', 'cshop\nUser\n)\x81}b.'],
    ['shop.Old', '(ishop\nOld\n.'],
    ['builtins.getattr', call('builtins', 'getattr', '(Va\nVb\nt')],
    ['constructor', 'c\nconstructor\n)R.'],
  ])('names %s and does not call it', async (name, pickle) => {
    const error = await errorOf(() => read(pickle))
    expect(error).toBeInstanceOf(MemcacheSerdeError)
    expect((error as Error).message).toContain(name)
  })

  it('does not give out classes as values', () => {
    expect(() => read('c__builtin__\nset\n.')).toThrow(/builtins\.set, which is not data/)
    expect(() => read('c__builtin__\nobject\n)R.')).toThrow(/builtins\.object/)
  })

  it.each<[string, string, RegExp]>([
    ['nothing', '', /cut off/],
    ['a pickle that is cut off', '\x80\x04X\xff\0\0\0x', /cut off/],
    ['something behind it', 'N.N', /behind/],
    ['values left over', 'NN.', /left over/],
    ['an empty stack', '.', /missing/],
    ['no mark', 'Nt.', /mark missing/],
    ['values below a mark', 'N(\x85.', /missing/],
    ['a reference to nothing', 'h\x05.', /reference/],
    ['a key without a value', '(Nd.', /no value/],
    ['a member of a list', 'NNNs.', /another kind/],
    ['a persistent id', 'P1\n.', /operation 80/],
    ['an extension', '\x82\x01.', /operation 130/],
    ['protocol 6', '\x80\x06N.', /protocol 6/],
    ['a malformed integer', 'I1_0\n.', /integer/],
    ['a malformed float', 'F1.2.3\n.', /float/],
    ['text that is not UTF-8', 'X\x01\0\0\0\xff.', /UTF-8/],
    ['text past Unicode', 'V\\Uffffffff\n.', /10FFFF/],
    ['bytes of Python 2', "S'\xff'\n.", /Python 2/],
    [
      'a datetime of the wrong length',
      call('datetime', 'datetime', '(C\x01xt'),
      /datetime\.datetime/,
    ],
  ])('rejects %s', async (_, pickle, why) => {
    const error = await errorOf(() => read(pickle))
    expect(error).toBeInstanceOf(MemcacheSerdeError)
    expect((error as Error).message).toMatch(why)
  })

  it('rejects copies that are longer than the pickle together', () => {
    const text = `X\xc8\0\0\0${'x'.repeat(200)}q\x01`
    const copy = 'c_codecs\nencode\nh\x01Vlatin1\n\x86R'
    expect(read(`(${text}${copy}t.`)).toHaveLength(2)
    expect(() => read(`(${text}${copy.repeat(20)}t.`)).toThrow(/copies/)
  })

  it('reads str of Python 2 where they are ASCII', () => {
    expect(read("(S'a'\nU\x01bT\x01\0\0\0ct.")).toEqual(['a', 'b', 'c'])
  })

  it('reads classes that the caller allows, by their arguments and state', () => {
    const classes = {
      'shop.Money': ([amount]: readonly unknown[], state: unknown) => ({ amount, state }),
      'shop.Broken': () => {
        throw new Error('why')
      },
      'pytz._UTC': () => 0,
    }
    const money = 'cshop\nMoney\n(K\x05t\x81}(Vin\n](K\x01eub'
    const value = { amount: 5, state: { in: [1] } }
    expect(read(`(${money}q\x01h\x01t.`, { classes })).toEqual([value, value])
    expect(
      read(call('datetime', 'datetime', '(C\n\x07\xe8\x02\x1d\0\0\0\0\0\0cpytz\n_UTC\n)Rt'), {
        classes,
      }),
    ).toEqual(new Date('2024-02-29'))
    expect(() => read('cshop\nBroken\n)R.', { classes })).toThrow(/shop\.Broken/)
    expect(() => read('cshop\nMoney\n)Rq\x01h\x01b.', { classes })).toThrow(/contains itself/)
  })

  it.each<[string, unknown]>([
    ['maxDepth', { maxDepth: 0 }],
    ['maxValues', { maxValues: 0.5 }],
    ['dates', { dates: 'local' }],
    ['classes', { classes: { 'a.B': 1 } }],
    ['klasses', { klasses: {} }],
  ])('refuses an invalid %s', (name, options) => {
    expect(() => pickleSerde(options as PickleSerdeOptions)).toThrow(name)
  })
})

describe('nativeSerdeWith', () => {
  const both = nativeSerdeWith({ pickles: pickleSerde() })

  it('reads pickles and all that nativeSerde reads, and writes no pickle', async () => {
    expect(readItem(both, '}.', Flag.pickle)).toEqual({})
    expect(readItem(both, '[1]', Flag.json)).toEqual([1])
    expect(readItem(both, 'x', Flag.bytes)).toEqual(Buffer.from('x'))
    expect(await both.serialize([1], 'key')).toEqual({ data: '[1]', flags: Flag.json })
  })

  it('refuses anything but a serde', () => {
    expect(() => nativeSerdeWith({ pickles: true as never })).toThrow(TypeError)
  })
})

const ROUNDS = runs(500, 200_000)

describe(`of ${ROUNDS} random pickles`, isLong ? { tags: ['long'] } : {}, () => {
  const operations = Buffer.from(
    'NIJKLMFGVXBCSTU]lae)t}dsu(012pqrghjcRib.\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x93\x94\x95\x96',
    'latin1',
  )
  const pieces = [
    'K\x01',
    'Va\n',
    '\x8c\x01a',
    'c__builtin__\nset\n',
    'cdatetime\ndatetime\n',
    'cuuid\nUUID\n',
    'p1\n',
    'g1\n',
    'h\0',
    '\x8a\x02\x01\x02',
    'G\0\0\0\0\0\0\0\0',
  ]

  it('each is a value or a serde error, and none takes long', async () => {
    let state = seed
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    let values = 0
    const limits = { maxDepth: 50, maxValues: 1000 }
    const serde = pickleSerde(limits)
    for (let round = 0; round < ROUNDS; round++) {
      let pickle = ''
      // Of long ones hardly any is a value.
      for (let length = random(round % 2 === 0 ? 3 : 40); length >= 0; length--) {
        const piece = pieces[random(pieces.length * 2)]
        pickle += piece ?? String.fromCharCode(operations[random(operations.length)] ?? 0)
      }
      const error = await errorOf(() => readItem(serde, Buffer.from(`${pickle}.`, 'latin1'), 1))
      if (error === undefined) values++
      else if (!(error instanceof MemcacheSerdeError)) {
        throw new Error(`${JSON.stringify(pickle)} MC_SEED=${seed}`, { cause: error })
      }
    }
    expect(values).toBeGreaterThan(0)
  })
})
