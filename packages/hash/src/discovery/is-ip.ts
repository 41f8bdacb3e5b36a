/** The version of an IP address, 0 for what is none. Loads `node:net` where it is used: a program without discovery starts sooner. */
export function isIP(text: string): number {
  return process.getBuiltinModule('node:net').isIP(text)
}
