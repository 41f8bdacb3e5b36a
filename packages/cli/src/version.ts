import { readFileSync } from 'node:fs'

/** Of this package. Read when it is asked for: a bundle of the program has no manifest beside it. */
export function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}
