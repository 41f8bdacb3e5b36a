import { inject } from 'vitest'
import type {} from '../../test-support/programs.ts'

/** Path of a program of test-support/programs.json, in tests that are tagged with its name. */
export function pathOf(name: string): string {
  return inject('programs')[name] ?? name
}
