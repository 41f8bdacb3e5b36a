import { readFileSync } from 'node:fs'

/** Of this package; empty in a bundle, which has another file in that place or none. */
export const version: string = readVersion()

function readVersion(): string {
  try {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    return manifest.name === '@mc/opentelemetry' ? manifest.version : ''
  } catch {
    return ''
  }
}
