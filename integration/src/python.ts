import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pathOf } from './programs.ts'

/** Runs a script of test/python with arguments; answers what it prints, read as JSON. */
export async function runPython(script: string, ...args: readonly string[]): Promise<unknown> {
  const path = fileURLToPath(new URL(`../test/python/${script}`, import.meta.url))
  const options = { timeout: 60_000 }
  const { stdout } = await promisify(execFile)(pathOf('pymemcache'), [path, ...args], options)
  return JSON.parse(stdout)
}
