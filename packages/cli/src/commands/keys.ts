import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { dumpFleet } from '../dump.ts'
import { globTest } from '../glob.ts'
import { shownText } from '../shown-text.ts'
import { bytesText, secondsText } from '../units.ts'

/** Output is written in pieces of about this many characters. */
const PIECE = 16_384

interface KeysFlags {
  readonly long?: boolean
  readonly sample?: number
  readonly json?: boolean
}

/** Lists the keys of all servers as they come. */
export function addKeys(program: Command, context: Context): void {
  program
    .command('keys [glob]')
    .description('the keys of all servers, or those that match a glob of * ? [a-z]')
    .option('-l, --long', 'with server, size, expiry and last use')
    .option('--sample <share>', 'a random share of the items, such as 0.01', Number)
    .action(async (glob: string | undefined, _: object, command: Command) => {
      const { long, sample, json } = command.optsWithGlobals<KeysFlags>()
      const matches = glob === undefined ? () => true : globTest(glob)
      await using fleet = await context.fleet(command)
      const now = Date.now() / 1000
      const shown = context.io.stdout.isTTY ? shownText : (text: string) => text
      let piece = ''
      await dumpFleet(context, fleet, {
        sample,
        // A bar would run into the keys.
        hasProgress: context.io.stdout.isTTY !== true,
        onItem({ key, size, expires, lastAccess, isFetched, flags }, server) {
          const text = typeof key === 'string' ? key : key.toString()
          if (!matches(text)) return
          const ttl = expires === undefined ? Number.POSITIVE_INFINITY : Math.max(0, expires - now)
          const idle = Math.max(0, now - lastAccess)
          if (json) {
            const times = { expires: expires ?? null, lastAccess, fetched: isFetched }
            piece += `${JSON.stringify({ key: text, server, size, ...times, flags })}\n`
          } else if (long) {
            piece += `${shown(text)}  ${server}  ${bytesText(size)}  ${secondsText(ttl)}  ${secondsText(idle)} ago\n`
          } else piece += `${shown(text)}\n`
          if (piece.length < PIECE) return
          const full = piece
          piece = ''
          return context.print(full)
        },
      })
      if (piece !== '') await context.print(piece)
    })
}
