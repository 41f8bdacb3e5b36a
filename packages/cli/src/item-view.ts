import { isUtf8 } from 'node:buffer'
import { isUint8Array } from 'node:util/types'
import { MemcacheUnsupportedError } from '@mc/protocol'
import type { DecodedValue } from './decoded-value.ts'
import type { Fleet } from './fleet.ts'
import { toJson } from './json.ts'

/** An item with all that its server says of it. Times are seconds. */
export interface ItemView {
  readonly server: string
  readonly value: DecodedValue
  readonly format: string
  readonly flags: number
  readonly size: number
  readonly ttl: number
  readonly idle: number
  readonly isFetched: boolean
  readonly cas: string
  readonly stale: boolean
}

/** Reads an item without counting as a read. A server without meta commands says neither age nor expiry. */
export async function itemOf(fleet: Fleet, key: string): Promise<ItemView | undefined> {
  const server = fleet.serverOf(key)
  const client = fleet.client(server)
  try {
    const item = await client.metaGet(key, {
      value: true,
      flags: true,
      size: true,
      ttl: true,
      idle: true,
      isFetched: true,
      cas: true,
      peek: true,
    })
    if (item?.value === undefined) return undefined
    const { value: decoded, ...fields } = item
    const value = decoded as DecodedValue
    return { server, value, format: value.format, ...fields }
  } catch (error) {
    if (!(error instanceof MemcacheUnsupportedError)) throw error
    const item = await client.gets<DecodedValue>(key)
    if (item === undefined) return undefined
    const { value, cas } = item
    const { format, flags, bytes } = value
    const unknown = { ttl: Number.NaN, idle: Number.NaN, isFetched: true, stale: false }
    return { server, value, format, flags, size: bytes.length, cas, ...unknown }
  }
}

/** What `--json` shows of an item. */
export function jsonOf(key: string, item: ItemView): Record<string, unknown> {
  const { server, value, format, flags, size, ttl, idle, isFetched, cas, stale } = item
  return {
    key,
    server,
    format,
    flags,
    size,
    ttl,
    idle,
    fetched: isFetched,
    cas,
    stale,
    ...(value.problem === undefined
      ? { value: value.value }
      : { problem: value.problem, value: value.bytes }),
  }
}

/** The value as text; base64 for bytes that are not UTF-8, and JSON for all else. */
export function printable({ value }: DecodedValue): string {
  if (typeof value === 'string') return value
  if (isUint8Array(value)) return Buffer.from(value).toString(isUtf8(value) ? 'utf8' : 'base64')
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  return toJson(value, 2)
}
