import { execFileSync } from 'node:child_process'
import { memcached } from '../../src/index.ts'

/**
 * A memcached of the version that the embedded server answers as, to compare it with byte by byte: other versions
 * have other error lines and statistics. `undefined` where there is none.
 */
export const MODEL: string | undefined = findModel()

function findModel(): string | undefined {
  const binary = memcached.find()
  if (binary === undefined) return undefined
  const version = execFileSync(binary, ['-h'], { encoding: 'utf8' })
  return /^memcached 1\.6\.18\b/.test(version) ? binary : undefined
}
