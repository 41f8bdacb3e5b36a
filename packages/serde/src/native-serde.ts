import type { Serde } from '@mc/protocol'
export type NativeValue = unknown
export const nativeSerde: Serde<NativeValue> = {
  copiesData: true,
  serialize(value) {
    if (typeof value === 'string') return { data: value, flags: 16 }
    if (value instanceof Uint8Array) return { data: value, flags: 0 }
    if (typeof value === 'number') return { data: String(value), flags: 2 }
    return { data: JSON.stringify(value), flags: 32 }
  },
  deserialize(data, flags) {
    if (flags === 16) return data.toString()
    if (flags === 0) return Buffer.from(data)
    if (flags === 2) return Number(data.toString())
    return JSON.parse(data.toString())
  },
}
