/** Where and how a contender caches its one key. */
export interface Setting {
  readonly server: string
  /** Seconds. */
  readonly expire: number
  /** Milliseconds that a command of the cache may take; without it, what the client has for a default. */
  readonly timeout?: number | undefined
}

/** A cache in front of a slow source, as an application would call it. Values are versions of the source. */
export interface Subject {
  /** The cached version, or else the loaded one. */
  read(): Promise<number>
  /** Resolves when the application may rely on it that no older version is read. */
  invalidate(): Promise<unknown>
}

export interface Contender {
  readonly name: string
  readonly store: 'memcached' | 'redis-server'
  open(setting: Setting, load: () => Promise<number>): Subject
}

/** The hot key. */
export const KEY = 'hot'

/** Seconds past its end for which contenders with stale windows answer a value while they load a new one. */
export const STALE = 30
