import { Command, CommanderError } from 'commander'
import { addBench } from './commands/bench.ts'
import { addCopy } from './commands/copy.ts'
import { addDistributions } from './commands/distributions.ts'
import { addItemCommands } from './commands/items.ts'
import { addKeys } from './commands/keys.ts'
import { addPing } from './commands/ping.ts'
import { addReport } from './commands/report.ts'
import { addStat } from './commands/stat.ts'
import { addTop } from './commands/top.ts'
import { addWatch } from './commands/watch.ts'
import { addWhere } from './commands/where.ts'
import { addConnectionFlags } from './connection-options.ts'
import { Context, reasonOf } from './context.ts'
import { Exit, exitOf } from './exit.ts'
import type { Io } from './io.ts'
import { version } from './version.ts'

const COMMANDS = [
  addPing,
  addStat,
  addItemCommands,
  addWhere,
  addKeys,
  addDistributions,
  addWatch,
  addCopy,
  addTop,
  addBench,
  addReport,
]

/**
 * Runs a command line of `mc`.
 *
 * @param argv - without the program's own name
 * @returns what a process would exit with: 0, 1 not found or failed, 2 usage, 3 a server could not be reached
 */
export async function run(argv: readonly string[], io: Io): Promise<Exit> {
  const context = new Context(io)
  try {
    await programOf(context).parseAsync([...argv], { from: 'user' })
    return context.exit
  } catch (error) {
    // The reader's Ctrl-C is the end that a command without end has.
    if (io.signal.aborted && error === io.signal.reason) return context.exit
    if (!(error instanceof CommanderError)) context.note(messageOf(error))
    return exitOf(error)
  }
}

function programOf(context: Context): Command {
  const { stdout, stderr } = context.io
  const program = new Command('mc')
    .description('Memcached on the command line')
    .option('-V, --version', 'the version of this program')
    .option('--json', 'JSON in place of tables')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      getOutHasColors: () => stdout.isTTY === true,
      getErrHasColors: () => stderr.isTTY === true,
    })
    .exitOverride()
    .on('option:version', () => {
      stdout.write(`${version()}\n`)
      throw new CommanderError(Exit.ok, 'commander.version', '')
    })
  addConnectionFlags(program)
  for (const add of COMMANDS) add(program, context)
  return program
}

function messageOf(error: unknown): string {
  const { server } = error as { server?: string }
  return server === undefined ? reasonOf(error) : `${server}: ${reasonOf(error)}`
}
