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
export { type NativeValue, nativeSerde } from './native-serde.ts'
export { rawSerde } from './raw-serde.ts'
export { structuredSerde } from './structured-serde.ts'
export { textSerde } from './text-serde.ts'
