import type { Serde } from '@mc/protocol'
import {
  compressedSerde,
  jsonSerde,
  memcachedSerde,
  memjsSerde,
  nativeSerdeWith,
  pickleSerde,
  structuredSerde,
  textSerde,
} from '@mc/serde'

export type SerdeName =
  | 'native'
  | 'json'
  | 'text'
  | 'raw'
  | 'pickle'
  | 'structured'
  | 'memcached'
  | 'memjs'

/** Those of @mc/serde, by the word that chooses them. Compressed values are read; what is written is not compressed. */
export const SERDES: Readonly<Record<SerdeName, () => Serde<unknown>>> = {
  native: () => decompressing(nativeSerdeWith({ pickles: pickleSerde() })),
  json: () => decompressing(jsonSerde()),
  text: () => decompressing(textSerde),
  // Not rawSerde, which takes no text as the command line gives it.
  raw: () => memjsSerde as Serde<unknown>,
  pickle: () => decompressing(pickleSerde()),
  structured: () => decompressing(structuredSerde),
  // Their flags have other meanings.
  memcached: () => memcachedSerde as Serde<unknown>,
  memjs: () => memjsSerde as Serde<unknown>,
}

function decompressing<T>(serde: Serde<T>): Serde<unknown> {
  return compressedSerde(serde, { minLength: 0 }) as Serde<unknown>
}
