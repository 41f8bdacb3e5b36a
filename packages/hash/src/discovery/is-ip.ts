/** The version of an IP address; 0 for other text. Loads `node:net` at the first use, so that a program starts sooner. */
export function isIP(text: string): number {
  return process.getBuiltinModule('node:net').isIP(text)
}
