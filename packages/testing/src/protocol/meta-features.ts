/** What later versions do and 1.6.18 does not. */
export interface MetaFeatures {
  /** `ms` appends to a missing item with N, and answers the size with s: from 1.6.20. */
  readonly storeFlags: boolean
  /** `me` shows the time to live as it is, not below zero: from 1.6.24. */
  readonly positiveExpiry: boolean
  /** E gives an item its CAS unique, and `md` with x empties an item: from 1.6.27. */
  readonly chosenCas: boolean
  /** `mg` with C leaves out a value that the client has: from 1.6.40. */
  readonly conditionalGet: boolean
  /** `lru_crawler mgdump`: from 1.6.19. */
  readonly keyDump: boolean
  /** `watch deletions`: from 1.6.20. */
  readonly watchDeletions: boolean
  /** `lru_crawler metadump` shows the client flags: from 1.6.24. */
  readonly dumpFlags: boolean
  /** Dumps begin with `OK`: from 1.6.43. */
  readonly dumpGreeting: boolean
}

/** The features of a server whose version begins with three numbers; of any other those of 1.6.18. */
export function metaFeatures(version: string): MetaFeatures {
  const [major, minor, patch] = (/^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1) ?? [1, 6, 18]).map(
    Number,
  ) as [number, number, number]
  const isFrom = (since: number): boolean => {
    return major > 1 || (major === 1 && (minor > 6 || (minor === 6 && patch >= since)))
  }
  return {
    storeFlags: isFrom(20),
    positiveExpiry: isFrom(24),
    chosenCas: isFrom(27),
    conditionalGet: isFrom(40),
    keyDump: isFrom(19),
    watchDeletions: isFrom(20),
    dumpFlags: isFrom(24),
    dumpGreeting: isFrom(43),
  }
}
