export type { CompressionAlgorithm } from './codec.ts'
export { type CompressedSerdeOptions, compressedSerde } from './compressed-serde.ts'
export { Flag } from './flags.ts'
export {
  type DeserializeFunction,
  functionSerde,
  type SerializeFunction,
} from './function-serde.ts'
export { type JsonSerdeOptions, jsonSerde } from './json-serde.ts'
export type { JsonReplacer, JsonReviver } from './json-text.ts'
export { memcachedSerde } from './memcached-serde.ts'
export { memjsSerde } from './memjs-serde.ts'
export {
  type NativeSerdeOptions,
  type NativeValue,
  nativeSerde,
  nativeSerdeWith,
} from './native-serde.ts'
export type { PickleClass } from './pickle/classes.ts'
export type { PickledDates } from './pickle/write-pickle.ts'
export { type PickleSerdeOptions, pickleSerde } from './pickle-serde.ts'
export { rawSerde } from './raw-serde.ts'
export { structuredSerde } from './structured-serde.ts'
export { textSerde } from './text-serde.ts'
