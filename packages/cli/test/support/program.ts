import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { bundled } from '../../../../test-support/bundle.ts'

const MC = new URL('../../src/bin/mc.ts', import.meta.url)

/** Milliseconds: a busy machine must not decide. */
const TIMEOUT = '30000'

/** What the program printed, and what it exited with. */
export interface ProgramRun {
  readonly exit: number | null
  readonly out: string
  readonly err: string
}

/**
 * Runs `mc` as a process of its own, without a terminal and an environment, its standard input empty.
 *
 * @param until - interrupts it, as Ctrl-C does, when the output matches
 */
export async function runProgram(
  argv: readonly string[],
  cwd: string,
  until?: RegExp,
): Promise<ProgramRun> {
  const child = spawn(process.execPath, [bundled(MC), '--timeout', TIMEOUT, ...argv], {
    cwd,
    env: {},
  })
  let out = ''
  let err = ''
  let isInterrupted = false
  child.stdin.end()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (isInterrupted || until?.test(out) !== true) return
    isInterrupted = true
    child.kill('SIGINT')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const [exit] = await once(child, 'close')
  return { exit, out, err }
}
