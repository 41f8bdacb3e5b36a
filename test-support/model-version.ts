import { execFileSync } from 'node:child_process'
import { memcached } from '../packages/testing/src/index.ts'

/**
 * For tests that compare byte by byte: they do not run where the memcached is of another version than the embedded
 * server answers as, which has other error lines and statistics. `skip: false` would undo the skip of a tag.
 */
export const skipOtherVersion: { readonly skip?: true } =
  findVersion() === '1.6.18' ? {} : { skip: true }

function findVersion(): string | undefined {
  const binary = memcached.find()
  // That there is none is the business of the tests' tags.
  if (binary === undefined) return '1.6.18'
  const help = execFileSync(binary, ['-h'], { encoding: 'utf8' })
  return /^memcached (\d+\.\d+\.\d+)/.exec(help)?.[1]
}
