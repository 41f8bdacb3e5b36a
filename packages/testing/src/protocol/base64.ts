const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const IGNORED = /[^A-Za-z0-9+/=]/g

/**
 * The bytes of a base64 key, one character each. As the server does, skips what is not base64 and
 * reads padding loosely; `undefined` where it fails.
 */
export function decodeBase64(text: string): string | undefined {
  const digits = text.replace(IGNORED, '')
  if (digits.length === 0 || digits.length % 4 !== 0) return undefined
  let bytes = ''
  for (let i = 0; i < digits.length; i += 4) {
    let group = 0
    let padding = 0
    for (let j = i; j < i + 4; j++) {
      const digit = digits.charAt(j)
      if (digit === '=') padding++
      group = (group << 6) | Math.max(ALPHABET.indexOf(digit), 0)
    }
    if (padding > 2) return undefined
    const block = String.fromCharCode((group >> 16) & 255, (group >> 8) & 255, group & 255)
    bytes += block.slice(0, 3 - padding)
    if (padding > 0) break
  }
  return bytes
}

/** Base64 of a key of one character per byte. */
export function encodeBase64(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('base64')
}
