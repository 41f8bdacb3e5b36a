import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The Python that has pymemcache, where there is one. */
export const python: string | undefined = ['/usr/bin/python3', 'python3'].find(canImportPymemcache)

function canImportPymemcache(program: string): boolean {
  try {
    execFileSync(program, ['-c', 'import pymemcache'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Runs a script of test/python with arguments; answers what it prints, read as JSON. */
export async function runPython(script: string, ...args: readonly string[]): Promise<unknown> {
  const path = fileURLToPath(new URL(`../test/python/${script}`, import.meta.url))
  const { stdout } = await run(python ?? 'python3', [path, ...args], { timeout: 60_000 })
  return JSON.parse(stdout)
}
