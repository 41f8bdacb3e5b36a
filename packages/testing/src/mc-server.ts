import { once } from 'node:events'
import { HELP, parseMcServerOptions } from './mc-server-options.ts'
import { MemcachedServer, type MemcachedServerOptions } from './memcached-server.ts'

/** How the program talks to what started it. */
export interface Terminal {
  out(text: string): void
  error(text: string): void
  /** Aborted when the program is to stop. */
  readonly stop: AbortSignal
}

/**
 * The program `mc-server`: an embedded server with memcached's options, until it receives a signal to stop.
 * Answers the exit code: 0 after an orderly stop, 1 when it cannot listen, 2 for bad options.
 */
export async function runMcServer(args: readonly string[], terminal: Terminal): Promise<number> {
  let options: MemcachedServerOptions | undefined
  try {
    options = parseMcServerOptions(args)
  } catch (error) {
    if ((error as Error).name !== 'UsageError') throw error
    terminal.error(`mc-server: ${(error as Error).message}\nTry mc-server -h\n`)
    return 2
  }
  if (options === undefined) {
    terminal.out(HELP)
    return 0
  }
  let server: MemcachedServer
  try {
    const log = (line: string): void => terminal.error(`mc-server: ${line}\n`)
    server = await MemcachedServer.start({ ...options, log })
  } catch (error) {
    terminal.error(`mc-server: ${(error as Error).message}\n`)
    return 1
  }
  terminal.out(`mc-server listens on ${server.name}\n`)
  if (!terminal.stop.aborted) await Promise.race([once(terminal.stop, 'abort'), server.stopped])
  await server.stop()
  return 0
}
