import type { Key } from '@mc/protocol'

/** One text for each key, the same in all processes. */
export function idOf(key: Key): string {
  if (typeof key === 'string') return key
  if (!Array.isArray(key)) return `bytes ${Buffer.from(key as Uint8Array).toString('latin1')}`
  const [server, item] = (key as readonly Key[]).map(idOf)
  return `pair ${server?.length} ${server} ${item}`
}
