import { createRequire } from 'node:module'

/** What the tests use of npm `memcached`, which has no types. */
export interface NpmMemcached {
  readonly HashRing: { get(key: string): string }
  get(key: string, callback: (error: unknown, value: unknown) => void): void
  set(key: string, value: unknown, lifetime: number, callback: (error: unknown) => void): void
  end(): void
}

/** What the tests use of npm `memjs`, which has no types. */
export interface Memjs {
  /** The index of a key's server. */
  getServer(key: string): number
  readonly servers: readonly { wakeupAt?: number; readonly host: string }[]
  /** The server that it would ask now. */
  server(key: string): { readonly host: string } | null
  get(key: string): Promise<{ readonly value: Buffer | null }>
  set(key: string, value: string | Buffer, options: object): Promise<boolean>
  close(): void
}

const require = createRequire(import.meta.url)

export const Memcached = require('memcached') as new (
  servers: readonly string[] | Readonly<Record<string, number>>,
  options?: object,
) => NpmMemcached

export const memjs = require('memjs') as {
  readonly Client: { create(servers: string, options?: object): Memjs }
}

/** Writes with npm `memcached`. */
export function npmSet(client: NpmMemcached, key: string, value: unknown): Promise<void> {
  return new Promise((resolve, reject) =>
    client.set(key, value, 0, (error) => (error ? reject(error) : resolve())),
  )
}

/** Reads with npm `memcached`. */
export function npmGet(client: NpmMemcached, key: string): Promise<unknown> {
  return new Promise((resolve, reject) =>
    client.get(key, (error, value) => (error ? reject(error) : resolve(value))),
  )
}
