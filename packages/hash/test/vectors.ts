import { readFileSync } from 'node:fs'

interface HashVectors {
  readonly murmur3: {
    readonly ascii: readonly HashRow[]
    readonly nonAscii: readonly (HashRow & { readonly effectiveBytesHex: string })[]
  }
  readonly rendezvous: {
    readonly lists: readonly {
      readonly nodes: readonly string[]
      readonly placements: readonly Placement[]
    }[]
    readonly afterRemoving: {
      readonly nodes: readonly string[]
      readonly removed: string
      readonly winners: Readonly<Record<string, string>>
    }
    readonly tieBreak: readonly {
      readonly nodes: readonly string[]
      readonly constantHash: number
      readonly winner: string | null
    }[]
  }
  readonly pythonBytesRepr: readonly { readonly hex: string; readonly repr: string }[]
  readonly hashClientNodeNames: readonly {
    readonly input: string | readonly [string, number | string]
    readonly node: string
  }[]
}

interface HashRow {
  readonly s: string
  /** By seed. */
  readonly h: Readonly<Record<string, number>>
}

export interface Placement {
  /** Absent where the key was given as bytes. */
  readonly key: string | null
  readonly keyBytesHex: string | null
  readonly hashedSuffix: string
  readonly winner: string
  readonly scores: readonly number[]
}

interface KetamaVectors {
  readonly keys: readonly string[]
  readonly lists: readonly {
    readonly nodes: readonly string[]
    readonly weights: Readonly<Record<string, number>>
    /** For each key the index of its node. */
    readonly placements: readonly number[]
  }[]
}

export const hashVectors: HashVectors = read('hash.json') as HashVectors
export const ketamaVectors: KetamaVectors = read('ketama.json') as KetamaVectors

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`vectors/${name}`, import.meta.url), 'utf8'))
}
