import { ReplyKind } from '../src/index.ts'

/** A reply as servers send it, and what the parser must say of it. */
export interface ReplyFixture {
  readonly bytes: Buffer
  readonly kind: ReplyKind
  readonly data?: Buffer
  readonly flags?: number
  readonly opaque?: number
}

function line(text: string, kind: ReplyKind, rest: Partial<ReplyFixture> = {}): ReplyFixture {
  return { bytes: Buffer.from(`${text}\r\n`, 'latin1'), kind, ...rest }
}

function value(header: string, kind: ReplyKind, data: Buffer, rest: Partial<ReplyFixture> = {}) {
  const bytes = Buffer.concat([Buffer.from(`${header}\r\n`), data, Buffer.from('\r\n')])
  return { bytes, kind, data, ...rest }
}

const tricky = Buffer.from('END\r\nVALUE k 0 1\r\nx\r\n\0\xff', 'latin1')

/** Replies that leave the stream in step. */
export const REPLIES: readonly ReplyFixture[] = [
  value('VALUE key 0 5', ReplyKind.value, Buffer.from('hello'), { flags: 0 }),
  value('VALUE key 4294967295 0', ReplyKind.value, Buffer.alloc(0), { flags: 4294967295 }),
  value('VALUE k 16 23 18446744073709551615', ReplyKind.value, tricky, { flags: 16 }),
  value(`VALUE ${'k'.repeat(250)} 1 2 7`, ReplyKind.value, Buffer.from('\r\n'), { flags: 1 }),
  value('VA 5', ReplyKind.va, Buffer.from('hello'), { flags: 0, opaque: -1 }),
  value('VA 23 f16 O2_o', ReplyKind.va, tricky, { flags: 16, opaque: (2 << 12) + (47 << 6) + 63 }),
  value('VA 0 f0 O1 W', ReplyKind.va, Buffer.alloc(0), { flags: 0, opaque: 1 }),
  value('VA 2 c18446744073709551615 t-1 kkey s2 f7 Oabcde', ReplyKind.va, Buffer.from('hi'), {
    flags: 7,
    opaque: -2,
  }),
  value('CONFIG cluster 0 12', ReplyKind.config, Buffer.from('1\nhost|ip|1\n')),
  line('HD', ReplyKind.hd, { opaque: -1 }),
  line('HD f1 O1= t30', ReplyKind.hd, { opaque: 77 }),
  line('EN', ReplyKind.en, { opaque: -1 }),
  line('EN O< kfoo', ReplyKind.en, { opaque: 12 }),
  line('NF O3', ReplyKind.nf, { opaque: 3 }),
  line('NS', ReplyKind.ns),
  line('EX O9', ReplyKind.ex, { opaque: 9 }),
  line('MN', ReplyKind.mn),
  line('ME key exp=-1 la=3 cas=2 fetch=no cls=1 size=64', ReplyKind.me),
  line('END', ReplyKind.end),
  line('STORED', ReplyKind.stored),
  line('NOT_STORED', ReplyKind.notStored),
  line('EXISTS', ReplyKind.exists),
  line('NOT_FOUND', ReplyKind.notFound),
  line('DELETED', ReplyKind.deleted),
  line('TOUCHED', ReplyKind.touched),
  line('OK', ReplyKind.ok),
  line('RESET', ReplyKind.reset),
  line('0', ReplyKind.number),
  line('18446744073709551615', ReplyKind.number),
  line('99  ', ReplyKind.number),
  line('VERSION 1.6.18', ReplyKind.version),
  line('VERSION', ReplyKind.version),
  line('STAT libevent 2.1.12-stable', ReplyKind.stat),
  line('STAT blank ', ReplyKind.stat),
  line('ITEM key [5 b; 0 s]', ReplyKind.stat),
  line('PREFIX p get 2 hit 1 set 1 del 0', ReplyKind.stat),
  line('BUSY currently processing crawler request', ReplyKind.refused),
  line('BADCLASS invalid src or dst class id', ReplyKind.refused),
  line('NOSPARE source class has no spare pages', ReplyKind.refused),
  line('SAME src and dst class are identical', ReplyKind.refused),
  line('NOTSTARTED', ReplyKind.refused),
  line('MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m', ReplyKind.refused),
  line('MEMLIMIT_ADJUST_FAILED out of bounds', ReplyKind.refused),
  line('WATCHER_TOO_MANY log watcher limit reached', ReplyKind.refused),
  ...[
    'ERROR',
    'ERROR Too many open connections',
    'ERROR: shutdown not enabled',
    'ERROR cannot pipeline other commands before watch',
    'ERROR metadump not allowed',
    'ERROR key dump not allowed',
    'ERROR locked try again later',
  ].map((text) => line(text, ReplyKind.error)),
  ...[
    'bad command line format',
    'bad data chunk',
    'line format',
    'invalid exptime argument',
    'invalid numeric delta argument',
    'cannot increment or decrement non-numeric value',
    'invalid flag',
    'duplicate flag',
    'invalid or duplicate flag',
    'bad token in command line format',
    'opaque token too long',
    'options flags are too long',
    'error decoding key',
    'invalid mode for ms M token',
    'invalid mode for ma M token',
    'incorrect length for M token',
    'invalid numeric initial value',
    'unauthenticated',
    'authentication failure',
    'bad authentication token format',
    'bad command line termination',
    'auth token too long',
    'flush_all not allowed',
    'lru crawler disabled',
    'watch commands not allowed',
    'stats cachedump not allowed',
    'parsing request',
    'malformed request',
    'key too long',
    'request too long',
    'slab reassignment disabled',
  ].map((text) => line(`CLIENT_ERROR ${text}`, ReplyKind.clientError)),
  ...[
    ' object too large for cache',
    ' out of memory storing object',
    ' out of memory',
    ' Out of memory allocating new item',
    ' out of memory writing get response',
    ' out of memory reading request',
    ' refcount overflow during fetch',
    ' output line too long',
    ' Unhandled storage type.',
    ': shutdown not enabled',
    ' backend failure',
    ' active request limit reached',
    ' Connection timed out',
    '',
  ].map((text) => line(`SERVER_ERROR${text}`, ReplyKind.serverError)),
]

/** Streams that no reply begins, each with a word of the problem. */
export const GARBAGE: readonly string[] = [
  '\r\n',
  'HELLO\r\n',
  'stored\r\n',
  'STOREDX\r\n',
  'STORED now\r\n',
  'END \r\n',
  'HDX\r\n',
  'VA\r\n',
  'VA x\r\n',
  'VA -1\r\n',
  'VA 2 fx\r\nhi\r\n',
  'VA 2 f1x O1\r\nhi\r\n',
  'VA 5x\r\nhello\r\n',
  'VA 5\r\nhelloXY',
  'VA 99999999999999999999999\r\n',
  'VA 4294967296\r\n',
  'VALUE\r\n',
  'VALUE k\r\n',
  'VALUE k 0\r\n',
  'VALUE k 0 \r\n',
  'VALUE k 0 -1\r\n',
  'VALUE k x 1\r\n',
  'VALUE  0 1\r\nx\r\n',
  'VALUE k 0 1 2 3\r\nx\r\n',
  'VALUE k 0 3\r\nabcdef\r\n',
  'VALUE k 0 18446744073709551615\r\n',
  '-1\r\n',
  '1.5\r\n',
  '123456789012345678901\r\n',
  '<html>\r\n',
]
