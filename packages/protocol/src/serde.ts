import type { ItemKey } from './memcache-client.ts'

/** A value on its way to the server: a string goes out as UTF-8. */
export interface SerializedValue {
  /** The bytes to store; a string is stored as UTF-8. */
  readonly data: string | Uint8Array
  /** Client flags stored with the item, 0 to 4294967295. */
  readonly flags: number
}

/**
 * Turns values into bytes with flags, and back.
 *
 * Both directions may answer directly or with a promise, of any make. Whatever either throws rejects the
 * command for this key with `MemcacheSerdeError` and leaves the connection alone. The message of that
 * names the key and the kind of what was thrown, never its text, which may quote the value; `cause` is
 * what was thrown, and what logs print of it is up to the serde.
 *
 * The key is the caller's, without prefix.
 *
 * @typeParam V - the values it takes and gives
 */
export interface Serde<V = unknown> {
  /**
   * Whether it reads no `AsyncLocalStorage`, so that it can read values in any asynchronous context. Others read in
   * that of the call, which takes less than a microsecond more for each.
   *
   * @default false
   */
  readonly ignoresContext?: boolean | undefined

  /** @throws MemcacheIllegalInputError for a value that it cannot write */
  serialize(value: V, key: ItemKey): SerializedValue | Promise<SerializedValue>

  /**
   * @param call - one object for all values that a call of many keys reads from a server, for limits on
   *   what they take together; a serde that wraps another passes it on
   * @throws MemcacheSerdeError for data that it cannot read
   */
  deserialize(data: Buffer, flags: number, key: ItemKey, call?: object): V | Promise<V>

  /**
   * Whether `deserialize` keeps or returns `data` of these flags, or reads it after it returned. Where
   * it does not, `data` may be a view of the client's read buffer, which saves a copy.
   *
   * @default () => true
   */
  keepsData?(flags: number): boolean

  /**
   * As `deserialize`, for the bytes from `start` up to `end` of the client's read buffer. Where it
   * exists it is called in place of `deserialize` for data that is not kept: making a view of the bytes
   * takes as long as reading a short text does.
   *
   * @param isAscii - true where they are known to be ASCII, which is found out for many values at once
   */
  deserializeSlice?(
    buffer: Buffer,
    start: number,
    end: number,
    flags: number,
    key: ItemKey,
    call?: object,
    isAscii?: boolean,
  ): V | Promise<V>
}
