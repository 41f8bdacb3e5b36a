import { expect, test } from 'vitest'
import { parseMetadumpLine, parseWatchLine } from '../src/index.ts'

test('a line of a dump is an item, of old and new servers', () => {
  const line = 'key=a exp=1700000060 la=1700000000 cas=7 fetch=yes cls=2 size=90'
  const item = {
    key: 'a',
    expires: 1_700_000_060,
    lastAccess: 1_700_000_000,
    cas: '7',
    isFetched: true,
    slabClass: 2,
    size: 90,
    flags: undefined,
  }
  expect(parseMetadumpLine(line)).toEqual(item)
  expect(parseMetadumpLine(`${line} flags=16 `)).toEqual({ ...item, flags: 16 })
  expect(parseMetadumpLine(line.replace(/ cls.*/, ''))).toEqual({ ...item, slabClass: 0, size: 0 })
  expect(parseMetadumpLine(line.replace('1700000060', '-1'))?.expires).toBeUndefined()
})

test.each(['END', 'OK', 'ERROR', 'BUSY currently processing crawler request', 'key=a', ''])(
  'the line %j is no item of a dump',
  (line) => expect(parseMetadumpLine(line)).toBeUndefined(),
)

test('keys are decoded: text where they are UTF-8, else bytes', () => {
  const keyOf = (key: string) => parseMetadumpLine(`key=${key} exp=-1 la=1 cas=1 fetch=no`)?.key
  expect(keyOf('a%2Fb%25')).toBe('a/b%')
  expect(keyOf('%C3%A9')).toBe('é')
  expect(keyOf('f%FF')).toEqual(Buffer.from('f\xff', 'latin1'))
})

test('lines of watch are events by their type', () => {
  const happening = { time: 1_700_000_000_250, id: 9 }
  const event = (rest: string) => parseWatchLine(`ts=1700000000.250000 gid=9 ${rest}`)
  expect(event('type=item_get key=a%20b status=found clsid=1 cfd=24 size=3')).toEqual({
    ...happening,
    type: 'item_get',
    key: 'a b',
    status: 'found',
    slabClass: 1,
    connection: 24,
    size: 3,
  })
  expect(event('type=item_store key=a status=stored cmd=set ttl=60 clsid=1 cfd=24 size=3')).toEqual(
    {
      ...happening,
      type: 'item_store',
      key: 'a',
      status: 'stored',
      command: 'set',
      ttl: 60,
      slabClass: 1,
      connection: 24,
      size: 3,
    },
  )
  expect(event('type=eviction key=a fetch=no ttl=-1 la=5 clsid=9 size=500')).toEqual({
    ...happening,
    type: 'eviction',
    key: 'a',
    isFetched: false,
    ttl: undefined,
    idle: 5,
    slabClass: 9,
    size: 500,
  })
  expect(event('type=deleted key=a cmd=md clsid=9 size=500')).toEqual({
    ...happening,
    type: 'deleted',
    key: 'a',
    command: 'md',
    slabClass: 9,
    size: 500,
  })
  expect(
    event('type=conn_close rip=127.0.0.1 rport=60224 transport=tcp reason=normal cfd=24'),
  ).toEqual({
    ...happening,
    type: 'conn_close',
    address: '127.0.0.1',
    port: 60224,
    transport: 'tcp',
    reason: 'normal',
    connection: 24,
  })
  expect(parseWatchLine('skipped=12')).toEqual({ type: 'skipped', count: 12 })
  const other = 'ts=1700000000.250000 gid=9 type=lru_crawler crawler=1'
  expect(parseWatchLine(other)).toEqual({ type: 'other', line: other })
})
