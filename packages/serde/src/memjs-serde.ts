import type { Serde } from '@mc/protocol'
import { functionSerde } from './function-serde.ts'

/**
 * Shares items with npm `memjs` without a serializer: text and bytes under flags 0, read as a Buffer. Other values are
 * illegal input.
 */
export const memjsSerde: Serde<string | Uint8Array> = functionSerde<string | Uint8Array>()
