import { execFileSync } from 'node:child_process'
import { memcached } from '@mc/testing'

/** What a memcached program is and can do, as its help says: all versions have that. */
export interface Binary {
  readonly version: string
  readonly hasTls: boolean
  readonly hasAuthentication: boolean
  /** Whether its version is this one or later. */
  isSince(major: number, minor: number, patch: number): boolean
}

/** The memcached that tests run, where there is one: `MEMCACHED` names it, or it is on the PATH. */
export function findBinary(): Binary | undefined {
  const path = memcached.find()
  if (path === undefined) return undefined
  const help = execFileSync(path, ['-h'], { encoding: 'utf8' })
  const version = /^memcached (\d+\.\d+\.\d+)/.exec(help)?.[1]
  if (version === undefined) throw new Error(`${path} is no memcached: ${help.slice(0, 100)}`)
  return {
    version,
    hasTls: help.includes('--enable-ssl'),
    hasAuthentication: help.includes('--auth-file'),
    isSince: (...since) => weight(version.split('.').map(Number)) >= weight(since),
  }
}

/** No part of a version has come to 1000. */
function weight([major = 0, minor = 0, patch = 0]: readonly number[]): number {
  return (major * 1000 + minor) * 1000 + patch
}
