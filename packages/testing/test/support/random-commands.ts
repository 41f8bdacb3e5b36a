import fc from 'fast-check'

/** Stands for the CAS unique last seen, plus the number behind it. */
export const CAS_PLACEHOLDER: RegExp = /%CAS([+-]\d+)%/g

const LONG_KEY = 'k'.repeat(250)
const key = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('a', 'b', 'c', 'n', 'YWJj', 'p:q') },
  { weight: 2, arbitrary: fc.constantFrom(LONG_KEY, 'k\xe9y', 'k\ty') },
  { weight: 1, arbitrary: fc.constant(`${LONG_KEY}k`) },
)
const value = fc.constantFrom(
  '',
  '0',
  '1',
  '100',
  '007',
  ' 12 ',
  '12x',
  '-1',
  '1.5',
  '999999999999999999',
  '99999999999999999999',
  'hello',
  'with\r\nlines',
  'flush_all',
  'v'.repeat(1500),
)
// Moments that a tick of the clock between two commands could turn around are left out.
const exptime = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('0', '100', '5000', '2592000', '2000000000', '-1', '-5', '2592001'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'abc',
      '1x',
      '2147483648',
      '4294967296',
      '+100',
      '99999999999999999999',
    ),
  },
)
const recache = fc.constantFrom('0', '30', '1000', '300000', '-1', 'x')
const clientFlags = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('0', '1', '5', '4294967295') },
  { weight: 1, arbitrary: fc.constantFrom('4294967297', '-1', 'x', '1x') },
)
const delta = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('0', '1', '7', '10', '1000000000000') },
  { weight: 1, arbitrary: fc.constantFrom('x', '-1', '', '99999999999999999999') },
)
const cas = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('%CAS+0%', '%CAS-1%', '%CAS+1%') },
  { weight: 1, arbitrary: fc.constantFrom('0', '18446744073709551615', 'x', '-1') },
)
const noreply = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(' noreply', ' junk', ' noreply junk', ' ') },
)
const opaque = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('O1', 'Oabc', 'O') },
  { weight: 1, arbitrary: fc.constantFrom(`O${'o'.repeat(31)}`, `O${'o'.repeat(32)}`) },
)

/** A payload with its declared length, which is wrong now and then, and what brings the two in step. */
const payload = fc
  .tuple(value, fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, 5, -1))
  .map(([data, excess]) => {
    const length = Math.max(data.length + excess, 0)
    // Ends in a line end either way: the bytes may also be read as commands.
    const filler = excess > 0 ? `${'x'.repeat(excess - 1)}\n` : ''
    return { length, bytes: `${data}\r\n${filler}` }
  })
const storage = fc
  .tuple(
    fc.constantFrom('set', 'set', 'set', 'add', 'replace', 'append', 'prepend', 'cas'),
    key,
    clientFlags,
    exptime,
    payload,
    cas,
    noreply,
  )
  .map(([verb, k, flags, exp, { length, bytes }, unique, last]) => {
    const check = verb === 'cas' ? ` ${unique}` : ''
    return `${verb} ${k} ${flags} ${exp} ${length}${check}${last}\r\n${bytes}`
  })
const retrieval = fc
  .tuple(
    fc.constantFrom('get', 'gets', 'gets', 'bget'),
    fc.array(key, { minLength: 1, maxLength: 40 }),
  )
  .map(([verb, keys]) => `${verb} ${keys.join(' ')}\r\n`)
const touchingRetrieval = fc
  .tuple(fc.constantFrom('gat', 'gats'), exptime, fc.array(key, { maxLength: 5 }))
  .map(([verb, exp, keys]) => `${[verb, exp, ...keys].join(' ')}\r\n`)
const oneKey = fc.oneof(
  fc.tuple(key, noreply).map(([k, last]) => `delete ${k}${last}\r\n`),
  fc.tuple(key, exptime, noreply).map(([k, exp, last]) => `touch ${k} ${exp}${last}\r\n`),
  fc.tuple(key, delta, noreply).map(([k, by, last]) => `incr ${k} ${by}${last}\r\n`),
  fc.tuple(key, delta, noreply).map(([k, by, last]) => `decr ${k} ${by}${last}\r\n`),
  fc.tuple(key, fc.constantFrom('', ' b', ' x')).map(([k, b]) => `me ${k}${b}\r\n`),
)

/** Every flag of meta commands with what may stand behind its letter; most are for one command only. */
const anyFlag = fc.oneof(
  { weight: 14, arbitrary: fc.constantFrom(...'vfctskhlubqIxSPL') },
  { weight: 4, arbitrary: fc.constantFrom('ME', 'MA', 'MP', 'MR', 'MS', 'MI', 'M+', 'MD', 'M-') },
  { weight: 3, arbitrary: opaque },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(...'TN'), exptime).map((pair) => pair.join('')),
  },
  { weight: 2, arbitrary: recache.map((exp) => `R${exp}`) },
  { weight: 2, arbitrary: cas.map((unique) => `C${unique}`) },
  { weight: 1, arbitrary: cas.map((unique) => `E${unique}`) },
  { weight: 1, arbitrary: clientFlags.map((number) => `F${number}`) },
  { weight: 1, arbitrary: delta.map((by) => `D${by}`) },
  { weight: 1, arbitrary: fc.constantFrom('J0', 'J13', 'Jx', 'J', 'J-1') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '!',
      '0',
      '@',
      '~',
      '\x7f',
      '\xe9',
      'M',
      'Me',
      'Mzz',
      'v1',
      'kk',
      'qq',
    ),
  },
)

function flags(...own: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const common = [fc.constantFrom('q', 'k', 'b'), opaque, exptime.map((exp) => `T${exp}`)]
  const flag = fc.oneof(
    { weight: 10, arbitrary: fc.oneof(...own) },
    { weight: 7, arbitrary: fc.oneof(...common) },
    { weight: 3, arbitrary: anyFlag },
  )
  const distinct = fc.uniqueArray(flag, { selector: (token) => token[0], maxLength: 8 })
  return fc
    .oneof(
      { weight: 9, arbitrary: distinct },
      { weight: 1, arbitrary: fc.array(flag, { maxLength: 22 }) },
    )
    .map((tokens) => tokens.map((token) => ` ${token}`).join(''))
}

const check = cas.map((unique) => `C${unique}`)
const vivify = exptime.map((exp) => `N${exp}`)
const meta = fc.oneof(
  fc
    .tuple(
      key,
      flags(
        fc.constantFrom('v', 'f', 'c', 't', 's', 'l', 'h', 'u'),
        vivify,
        recache.map((exp) => `R${exp}`),
      ),
    )
    .map(([k, tail]) => `mg ${k}${tail}\r\n`),
  fc
    .tuple(
      key,
      payload,
      flags(
        fc.constantFrom('c', 'I', 'ME', 'MA', 'MP', 'MR', 'MS', 'Me', 's'),
        clientFlags.map((number) => `F${number}`),
        check,
        vivify,
      ),
    )
    .map(([k, { length, bytes }, tail]) => `ms ${k} ${length}${tail}\r\n${bytes}`),
  fc.tuple(key, flags(fc.constant('I'), check)).map(([k, tail]) => `md ${k}${tail}\r\n`),
  fc
    .tuple(
      key,
      flags(
        fc.constantFrom('v', 't', 'c', 'MI', 'M+', 'MD', 'M-', 'Md'),
        delta.map((by) => `D${by}`),
        fc.constantFrom('J0', 'J13', 'Jx'),
        vivify,
        check,
      ),
    )
    .map(([k, tail]) => `ma ${k}${tail}\r\n`),
)
/** Commands on two keys as leases use them: one wins, others lose, invalidate, store late. */
const leaseKey = fc.constantFrom('a', 'b')
const seconds = fc.constantFrom('20', '60', '200', '200', '0', '-1')
function leaseFlags(...required: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const some = fc.uniqueArray(fc.oneof(fc.constantFrom(...'cvtfshlukq'), ...required), {
    selector: (token) => token[0],
    maxLength: 7,
  })
  return some.map((tokens) => tokens.map((token) => ` ${token}`).join(''))
}
const lease = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        leaseKey,
        leaseFlags(
          seconds.map((exp) => `N${exp}`),
          fc.constantFrom('R30', 'R100', 'R300'),
          seconds.map((exp) => `T${exp}`),
          opaque,
        ),
      )
      .map(([k, tail]) => `mg ${k}${tail}\r\n`),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        leaseKey,
        fc.constantFrom('', '5', 'new'),
        leaseFlags(
          check,
          fc.constantFrom('I', 'F7', 'ME', 'MA', 'MR'),
          seconds.map((exp) => `T${exp}`),
        ),
      )
      .map(([k, data, tail]) => `ms ${k} ${data.length}${tail}\r\n${data}\r\n`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        leaseKey,
        leaseFlags(
          fc.constant('I'),
          seconds.map((exp) => `T${exp}`),
          check,
        ),
      )
      .map(([k, tail]) => `md ${k}${tail}\r\n`),
  },
  fc
    .tuple(
      leaseKey,
      leaseFlags(
        check,
        fc.constantFrom('MD', 'J3'),
        seconds.map((exp) => `N${exp}`),
      ),
    )
    .map(([k, tail]) => `ma ${k}${tail}\r\n`),
  fc
    .tuple(
      leaseKey,
      fc.constantFrom(
        ...['get %', 'gets %', 'gat 200 %', 'touch % 200', 'incr % 1', 'delete %', 'me %', 'mn'],
        ...[
          'add % 0 60 1\r\n5',
          'append % 0 0 1\r\n5',
          'set % 3 60 1\r\n5',
          'cas % 0 60 1 %CAS+0%\r\n5',
        ],
      ),
    )
    .map(([k, line]) => `${line.replace(/%(?!CAS|$)|%$/, k)}\r\n`),
)

/** Commands on items in the states of a lease, one after the other or a few at once. */
export const leaseSequence: fc.Arbitrary<string[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: lease },
    {
      weight: 1,
      arbitrary: fc.array(lease, { minLength: 2, maxLength: 6 }).map((list) => list.join('')),
    },
  ),
  { minLength: 5, maxLength: 30, size: 'max' },
)

const admin = fc
  .tuple(
    fc.constantFrom(
      'version',
      'verbosity 1',
      'verbosity x',
      'verbosity',
      'flush_all',
      'flush_all 0',
      'flush_all -1',
      'flush_all x',
      'cache_memlimit 64',
      'cache_memlimit 7',
      'cache_memlimit 4000000000',
      'cache_memlimit x',
      'stats reset',
      'stats detail on',
      'stats detail off',
      'stats detail dump',
      'stats detail',
      'stats nothing',
      'stats sizes',
      'stats extstore',
      'stats cachedump',
      'stats cachedump x 1',
      'stats cachedump 64 0',
      'lru',
      'lru mode',
      'lru tune 20 40 0.2 2.0',
      'lru tune 50 50 0.2 2.0',
      'lru tune 20 40 0 2.0',
      'lru temp_ttl x',
      'lru_crawler',
      'lru_crawler tocrawl 0',
      'lru_crawler tocrawl x',
      'lru_crawler sleep 100',
      'lru_crawler sleep 2000000',
      'lru_crawler metadump 99',
      'lru_crawler crawl 99',
      'lru_crawler crawl hash',
      'slabs',
      'slabs reassign 1 1',
      'slabs reassign 1 99',
      'slabs reassign x 1',
      'slabs automove 1',
      'slabs automove 9',
      'slabs automove ratio 0.8',
      'slabs automove ratio x',
      'extstore',
      'extstore item_age 5',
      'refresh_certs',
      'shutdown',
      'watch nothing',
      'mn',
      'mn with words',
    ),
    noreply,
  )
  .map(([line, last]) => `${line}${last}\r\n`)
const refused = fc.constantFrom(
  '\r\n',
  '\n',
  'x\r\n',
  'nothing\r\n',
  'mx a\r\n',
  'GET a\r\n',
  ' version\r\n',
  'version\n',
  'set\r\n',
  'set a 0 0\r\n',
  'set a 0 0 -1\r\nhello\r\n',
  'set a 0 0 x\r\nversion\r\n',
  'set a 0 0 2147483646\r\nversion\r\n',
  'set a noreply\r\n',
  'set a 0 0 x noreply\r\n',
  'set a 0 0 2\nab\r\n',
  'set a 0 0 2\r\nabc\n',
  'set a\0b 0 0 2\r\n',
  'cas a 0 0 2\r\nversion\r\n',
  'get\r\n',
  'gets \r\n',
  'gat\r\n',
  'incr a\r\n',
  'delete\r\n',
  'touch a\r\n',
  'mg\r\n',
  'ms\r\n',
  'ms a\r\n',
  'ms a x\r\n',
  'ms a -1\r\n',
  'ms a S5\r\n',
  'md\r\n',
  'ma\r\n',
  'me\r\n',
  'verbosity 1 2 3\r\n',
  'config get cluster\r\n',
  'shutdown graceful now\r\n',
  `get ${'nokey '.repeat(500)}\r\n`,
)
/** Sent alone, so that it arrives at once; from 16,385 bytes on it closes the connection. */
const longLine = fc
  .tuple(
    fc.constantFrom('gat 0', 'gats 100', '  gat 0', 'mg a', 'delete', 'nonsense'),
    fc.integer({ min: 2047, max: 16_400 }),
  )
  .map(([head, length]) => `${`${head}${' nokey'.repeat(length / 6)}`.slice(0, length - 2)}\r\n`)
const closing = fc.constantFrom(
  'quit\r\n',
  'quit now\r\nversion\r\n',
  'GET / HTTP/1.1\r\n',
  'x'.repeat(2049),
  `${' '.repeat(101)}get ${'x'.repeat(2049)}`,
)

const command = fc.oneof(
  { weight: 10, arbitrary: storage },
  { weight: 8, arbitrary: retrieval },
  { weight: 3, arbitrary: touchingRetrieval },
  { weight: 8, arbitrary: oneKey },
  { weight: 20, arbitrary: meta },
  { weight: 3, arbitrary: admin },
  { weight: 3, arbitrary: refused },
)

/** Steps to take one after the other; the commands of one step are sent at once. */
export const commandSequence: fc.Arbitrary<string[]> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 30, arbitrary: command },
        {
          weight: 10,
          arbitrary: fc
            .array(command, { minLength: 2, maxLength: 30 })
            .map((list) => list.join('')),
        },
        { weight: 1, arbitrary: longLine },
      ),
      { minLength: 1, maxLength: 30, size: 'max' },
    ),
    fc.option(closing, { nil: undefined, freq: 8 }),
  )
  .map(([steps, last]) => (last === undefined ? steps : [...steps, last]))
