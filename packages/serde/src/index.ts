export { type NativeValue, nativeSerde } from './native-serde.ts'
