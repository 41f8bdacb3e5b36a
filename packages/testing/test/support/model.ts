import { execFileSync } from 'node:child_process'
import { memcached } from '../../src/index.ts'

/**
 * Whether the memcached here is of another version than the embedded server answers as. Others have other error
 * lines and statistics, so tests that compare byte by byte do not run.
 */
export const isOtherVersion: boolean = findVersion() !== '1.6.18'

function findVersion(): string | undefined {
  const binary = memcached.find()
  // That there is none is the business of the tests' tags.
  if (binary === undefined) return '1.6.18'
  const help = execFileSync(binary, ['-h'], { encoding: 'utf8' })
  return /^memcached (\d+\.\d+\.\d+)/.exec(help)?.[1]
}
