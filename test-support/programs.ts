import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type {} from 'vitest'
import programs from './programs.json' with { type: 'json' }

/**
 * What a test can need beside Node. The test says so by a tag of that name, and is skipped where it is missing.
 * programs.json lists them for the tests and for CI alike.
 */
export interface Program {
  /** The Debian package that brings it. */
  readonly debian?: string
  /** Its names; the first that is on the PATH is taken. */
  readonly executables: readonly string[]
  /** An environment variable that may name another than the one on the PATH. */
  readonly variable?: string
  /** Arguments with which it must succeed. */
  readonly probe?: readonly string[]
  /** What it takes where no package is enough: CI does not insist on it. */
  readonly machine?: string
}

export const PROGRAMS: Readonly<Record<string, Program>> = programs

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of the programs that are there, by the names in programs.json. */
    programs: Readonly<Record<string, string>>
  }
}

/** Paths of the programs that are on the PATH. */
export function findPrograms(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const path = find(program)
    if (path !== undefined) found[name] = path
  }
  return found
}

function find({ executables, variable, probe }: Program): string | undefined {
  const named = variable && process.env[variable]
  if (named) return named
  const folders = (process.env.PATH ?? '').split(delimiter)
  return executables
    .flatMap((executable) => folders.map((folder) => join(folder, executable)))
    .find((path) => isExecutable(path) && (probe === undefined || succeeds(path, probe)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function succeeds(path: string, args: readonly string[]): boolean {
  try {
    execFileSync(path, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
