import { encodeBase64, isOpaqueTooLong, type MetaItemRequest } from '../protocol/index.ts'
import type { Exchange } from './exchange.ts'
import type { Item } from './item.ts'

export const OPAQUE_TOO_LONG = 'CLIENT_ERROR opaque token too long'

/** The reply of a request that found no item, or not the one that it was for. */
export function withoutItem(request: MetaItemRequest, code: string): string {
  const echo = echoes(request)
  return echo === undefined ? OPAQUE_TOO_LONG : code + echo
}

/** Opaque and key as a reply without an item repeats them; `undefined` if the opaque is too long. */
export function echoes({ key, flags }: MetaItemRequest): string | undefined {
  let echo = ''
  for (const token of flags.tokens) {
    if (token[0] === 'O') {
      if (isOpaqueTooLong(token)) return undefined
      echo += ` ${token}`
    } else if (token[0] === 'k') echo += keyField(key, flags.binaryKey)
  }
  return echo
}

export function keyField(key: string, binary: boolean): string {
  return binary ? ` k${encodeBase64(key)} b` : ` k${key}`
}

/** Seconds to live, -1 for ever. What has just been made to expire is shown as a number of 32 bits. */
export function timeToLive({ server }: Exchange, item: Item): number {
  return item.exptime === 0 ? -1 : (item.exptime - server.store.time.now) >>> 0
}
