import { expect, test } from 'vitest'
import { VersionGuard } from '../../src/discovery/version-guard.ts'

/** What is made of the versions, one after another. */
function admitted(...versions: (number | undefined)[]): boolean[] {
  const guard = new VersionGuard()
  return versions.map((version) => {
    const isAdmitted = guard.admits(version, false)
    if (isAdmitted) guard.take(version)
    return isAdmitted
  })
}

test('versions move forward, and the same one may come again', () => {
  expect(admitted(4, 4, 5, 9, 9)).toEqual([true, true, true, true, true])
})

test('a lower version is left aside, unless it comes twice in a row', () => {
  expect(admitted(9, 3, 9, 3, 4, 3)).toEqual([true, false, true, false, false, false])
  expect(admitted(9, 3, 3, 4, 3)).toEqual([true, false, true, true, false])
})

test('a lower version counts at once when no known node can be reached', () => {
  const guard = new VersionGuard()
  guard.take(9)
  expect(guard.admits(1, true)).toBe(true)
})

test('a version that is admitted is the current one only once it is taken', () => {
  const guard = new VersionGuard()
  guard.take(9)
  expect([guard.admits(10, false), guard.current]).toEqual([true, 9])
  guard.take(10)
  expect(guard.current).toBe(10)
})

test('lists that are not counted are all admitted', () => {
  expect(admitted(undefined, undefined)).toEqual([true, true])
})
