/** Bytes of a buffer: several large values, or one of the largest that servers take by default. */
export const ENCODE_BUFFER_SIZE: number = 1024 * 1024

const MAX_SPARE = 8
const spare: Buffer[] = []

/**
 * A buffer for encoding large text. All writers of the process share a few, since memory that is fresh from the
 * system costs several times what the encoding costs.
 */
export function borrowEncodeBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(ENCODE_BUFFER_SIZE)
}

/** Takes buffers back of which nothing is read any longer. */
export function returnEncodeBuffers(buffers: readonly Buffer[]): void {
  for (const buffer of buffers) if (spare.length < MAX_SPARE) spare.push(buffer)
}
