import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { Context } from '../context.ts'
import { Exit, UsageError } from '../exit.ts'
import { itemOf, jsonOf, printable } from '../item-view.ts'
import { secondsText } from '../units.ts'
import { parseValue, VALUE_KINDS, type ValueKind } from '../value-kinds.ts'

/** Adds the commands of one key. */
export function addItemCommands(program: Command, context: Context): void {
  addGet(program, context)
  addInspect(program, context)
  addSet(program, context)
  addDelete(program, context)
  addTouch(program, context)
  addIncr(program, context)
}

function addGet(program: Command, context: Context): void {
  program
    .command('get <key>')
    .description('the value, as an application reads it; does not count as a read')
    .option('--raw', 'the bytes as they are stored')
    .action(async (key: string, { raw }: { raw?: boolean }, command: Command) => {
      await using fleet = await context.fleet(command)
      const item = await itemOf(fleet, key)
      if (item === undefined) return notFound(context, key)
      const { bytes, problem } = item.value
      if (raw) return context.print(bytes)
      if (problem !== undefined) context.exit = Exit.failed
      if (command.optsWithGlobals().json) return context.json(jsonOf(key, item))
      if (problem !== undefined)
        return context.note(`${problem}; --raw writes the ${bytes.length} bytes`)
      await context.print(`${printable(item.value)}\n`)
      if (context.io.stderr.isTTY) {
        const { format, server, ttl, idle } = item
        const expiry = ttl === Infinity ? 'never expires' : `expires in ${secondsText(ttl)}`
        context.note(
          `${format}, ${bytes.length} bytes on ${server}, ${expiry}, last used ${secondsText(idle)} ago`,
        )
      }
    })
}

function addInspect(program: Command, context: Context): void {
  program
    .command('inspect <key>')
    .description('server, format, size, expiry and use of an item')
    .action(async (key: string, _: object, command: Command) => {
      await using fleet = await context.fleet(command)
      const item = await itemOf(fleet, key)
      if (item === undefined) return notFound(context, key)
      const { value, ...json } = jsonOf(key, item)
      if (command.optsWithGlobals().json) return context.json(json)
      const ttl = item.ttl === Infinity ? 'never' : `in ${secondsText(item.ttl)}`
      const rows = [
        ['key', key],
        ['server', item.server],
        ['format', `${item.format} (flags ${item.flags})`],
        ['size', `${item.size} bytes`],
        ['expires', ttl],
        ['last used', `${secondsText(item.idle)} ago`],
        ['read since stored', item.isFetched ? 'yes' : 'no'],
        ['cas', item.cas],
        ...(item.stale ? [['stale', 'yes']] : []),
      ]
      await context.table([{ title: 'field' }, { title: 'value' }], rows)
    })
}

function addSet(program: Command, context: Context): void {
  program
    .command('set <key> [value]')
    .description('store a value, of the command line, a file or the standard input')
    .option('--file <path>', 'the value is what the file holds')
    .option('--expire <seconds>', 'for how long it lives (default 0, for ever)', Number)
    .addOption(
      new Option(
        '--as <kind>',
        'what the value is (default text, or bytes if it is not UTF-8)',
      ).choices(VALUE_KINDS),
    )
    .option('--yes', 'over a value that is there')
    .action(
      async (
        key: string,
        text: string | undefined,
        flags: { file?: string; expire?: number; as?: ValueKind; yes?: boolean },
        command: Command,
      ) => {
        const value = parseValue(await valueBytes(context, text, flags.file), flags.as)
        await using fleet = await context.fleet(command)
        const options = { expire: flags.expire ?? 0 }
        const isStored = flags.yes
          ? await fleet.cache.set(key, value, options)
          : await fleet.cache.add(key, value, options)
        if (!isStored) {
          context.exit = Exit.failed
          context.note(`${key} has a value already; --yes stores over it`)
        }
        if (command.optsWithGlobals().json) await context.json({ key, stored: isStored })
      },
    )
}

async function valueBytes(
  { io }: Context,
  text: string | undefined,
  file: string | undefined,
): Promise<Buffer> {
  if (text !== undefined && file !== undefined)
    throw new UsageError('give a value or --file, not both')
  if (text !== undefined) return Buffer.from(text)
  if (file !== undefined) {
    return readFile(file).catch((error: Error) => {
      throw new UsageError(`cannot read ${file}: ${error.message}`)
    })
  }
  const chunks: Buffer[] = []
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

function addDelete(program: Command, context: Context): void {
  program
    .command('delete <key>')
    .description('delete an item')
    .option('--yes', 'required: the value is lost')
    .action(async (key: string, { yes }: { yes?: boolean }, command: Command) => {
      if (!yes) throw new UsageError('delete needs --yes')
      await using fleet = await context.fleet(command)
      const isDeleted = await fleet.cache.delete(key)
      if (!isDeleted) notFound(context, key)
      if (command.optsWithGlobals().json) await context.json({ key, deleted: isDeleted })
    })
}

function addTouch(program: Command, context: Context): void {
  program
    .command('touch <key> <seconds>')
    .description('set the expiry of an item; 0: never')
    .action(async (key: string, seconds: string, _: object, command: Command) => {
      const expire = numberOf('seconds', seconds)
      if (expire < 0) {
        throw new UsageError(`seconds must be 0 or more, got ${seconds}; delete removes an item`)
      }
      await using fleet = await context.fleet(command)
      const isTouched = await fleet.cache.touch(key, expire)
      if (!isTouched) notFound(context, key)
      if (command.optsWithGlobals().json) await context.json({ key, touched: isTouched })
    })
}

function addIncr(program: Command, context: Context): void {
  program
    .command('incr <key> [delta]')
    .description('add to a counter, or subtract a delta below 0 (after --)')
    .option('--initial <value>', 'makes the counter with this value where there is none')
    .action(
      async (key: string, delta = '1', { initial }: { initial?: string }, command: Command) => {
        const by = integerOf('delta', delta)
        const options = initial === undefined ? {} : { initial: integerOf('initial', initial) }
        await using fleet = await context.fleet(command)
        const value =
          by < 0n
            ? await fleet.cache.decr(key, -by, options)
            : await fleet.cache.incr(key, by, options)
        if (value === undefined) return notFound(context, key)
        if (command.optsWithGlobals().json) return context.json({ key, value })
        return context.print(`${value}\n`)
      },
    )
}

function notFound(context: Context, key: string): void {
  context.exit = Exit.failed
  context.note(`${key} is not there`)
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (text.trim() === '' || Number.isNaN(number))
    throw new UsageError(`${name} must be a number, got ${text}`)
  return number
}

function integerOf(name: string, text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw new UsageError(`${name} must be an integer, got ${text}`)
  return BigInt(text)
}
