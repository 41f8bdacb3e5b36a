import type { Client } from '@mc/client'
import { MockMemcacheClient } from '@mc/testing'
import { describe, expect, test } from 'vitest'
import { History } from '../src/chaos/history.ts'
import { Load } from '../src/chaos/load.ts'

const KEY = 'key'
const random = (): number => 0.5

function singleWriterHistory(): History {
  const history = new History()
  history.addSingleWriterKey(KEY)
  return history
}

describe('a history of reads and writes', () => {
  test('allows what was written and misses', () => {
    const history = new History()
    const { value } = history.beginWrite(KEY, random)
    history.beginRead()(KEY, value)
    history.beginRead()(KEY, undefined)
    expect(history.violations).toEqual([])
  })

  test.each([
    ['another key', (value: string) => value.replace(KEY, 'other')],
    ['a torn value', (value: string) => value.slice(0, -1)],
    ['an invented write', (value: string) => value.replace('#0', '#7')],
    ['anything else', () => 'anything else'],
  ])('notes %s', (_, falsify) => {
    const history = new History()
    const { value } = history.beginWrite(KEY, random)
    history.beginRead()(KEY, falsify(value))
    expect(history.violations).toHaveLength(1)
  })

  test('notes a confirmed write that is undone', () => {
    const history = singleWriterHistory()
    const first = history.beginWrite(KEY, random)
    first.confirm()
    history.beginWrite(KEY, random).confirm()
    history.beginRead()(KEY, first.value)
    expect(history.violations).toEqual(['key gave write 0, after write 1 had taken effect'])
  })

  test('notes a write of unknown outcome that takes effect behind a confirmed one', () => {
    const history = singleWriterHistory()
    const unknown = history.beginWrite(KEY, random)
    history.beginWrite(KEY, random).confirm()
    history.beginRead()(KEY, unknown.value)
    expect(history.violations).toHaveLength(1)
  })

  test('notes a value that is back after a confirmed delete', () => {
    const history = singleWriterHistory()
    const stored = history.beginWrite(KEY, random)
    stored.confirm()
    const deletion = history.beginWrite(KEY, random)
    deletion.confirm()
    history.beginRead()(KEY, undefined)
    history.beginRead()(KEY, stored.value)
    expect(history.violations).toHaveLength(1)
  })

  test('notes that reads go back, whatever was confirmed', () => {
    const history = singleWriterHistory()
    const older = history.beginWrite(KEY, random)
    const newer = history.beginWrite(KEY, random)
    history.beginRead()(KEY, newer.value)
    history.beginRead()(KEY, older.value)
    expect(history.violations).toHaveLength(1)
  })

  test('allows a write of unknown outcome to take effect late, before the next is confirmed', () => {
    const history = singleWriterHistory()
    const first = history.beginWrite(KEY, random)
    first.confirm()
    const unknown = history.beginWrite(KEY, random)
    history.beginRead()(KEY, first.value)
    history.beginWrite(KEY, random)
    history.beginRead()(KEY, unknown.value)
    expect(history.violations).toEqual([])
  })

  test('allows a read to give what was there when it began', () => {
    const history = singleWriterHistory()
    const first = history.beginWrite(KEY, random)
    first.confirm()
    const check = history.beginRead()
    const later = history.beginRead()
    const second = history.beginWrite(KEY, random)
    second.confirm()
    later(KEY, second.value)
    check(KEY, first.value)
    expect(history.violations).toEqual([])
    // Which says nothing about reads that begin now.
    history.beginRead()(KEY, first.value)
    expect(history.violations).toHaveLength(1)
  })

  test('orders nothing of keys that several write, nor one key by another', () => {
    const history = singleWriterHistory()
    const shared = history.beginWrite('shared', random)
    history.beginWrite('shared', random).confirm()
    const own = history.beginWrite(KEY, random)
    history.beginWrite('shared', random).confirm()
    history.beginRead()('shared', shared.value)
    history.beginRead()(KEY, own.value)
    expect(history.violations).toEqual([])
  })
})

describe('a load', () => {
  const settings = { client: 'Client', failover: 'rehash', seed: 1, gets: 0.5 } as const

  test('has nothing to say of a client that keeps its promises', async () => {
    expect(await violationsOf(new MockMemcacheClient(), settings)).toEqual([])
  })

  test('notes a client whose confirmed writes are undone', async () => {
    const violations = await violationsOf(new UndoingClient(), settings)
    expect(violations).not.toEqual([])
    for (const violation of violations) expect(violation).toContain('had taken effect')
  })

  test('does not look for order where keys move to servers that were away', async () => {
    const rehashing = { ...settings, client: 'HashClient' } as const
    expect(await violationsOf(new UndoingClient(), rehashing)).toEqual([])
    expect(await violationsOf(new UndoingClient(), { ...rehashing, failover: 'none' })).not.toEqual(
      [],
    )
  })
})

/** Confirms all writes, but a key that has a value keeps it. */
class UndoingClient extends MockMemcacheClient {
  override async set(...args: Parameters<Client['set']>): Promise<boolean> {
    await super.add(...args)
    return true
  }

  override async setMany(...[entries]: Parameters<Client['setMany']>): Promise<string[]> {
    for (const [key, value] of entries as Iterable<readonly [string, string]>) {
      await super.add(key, value)
    }
    return []
  }
}

async function violationsOf(
  client: MockMemcacheClient,
  settings: ConstructorParameters<typeof Load>[1],
): Promise<readonly string[]> {
  const load = new Load(client, settings)
  await load.fill()
  await load.run(4, (calls) => calls > 500)
  return load.history.violations
}
