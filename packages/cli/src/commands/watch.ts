import { WATCH_TOPICS, type WatchEvent, type WatchTopic } from '@mc/protocol'
import { Argument, type Command } from 'commander'
import type { Context } from '../context.ts'
import { shownText } from '../shown-text.ts'

interface WatchFlags {
  readonly count?: number
  readonly json?: boolean
}

/** Prints what happens on the servers. */
export function addWatch(program: Command, context: Context): void {
  program
    .command('watch')
    .addArgument(new Argument('<topics...>').choices(WATCH_TOPICS))
    .description('what happens on the servers, as it happens')
    .option('-n, --count <events>', 'end after so many events', Number)
    .action(async (topics: WatchTopic[], _: object, command: Command) => {
      const { count = Number.POSITIVE_INFINITY, json } = command.optsWithGlobals<WatchFlags>()
      await using fleet = await context.fleet(command)
      const enough = new AbortController()
      const signal = AbortSignal.any([context.io.signal, enough.signal])
      let left = count
      await Promise.all(
        fleet.servers.map(async (server) => {
          try {
            for await (const event of fleet.client(server).watch(topics, { signal })) {
              if (json) await context.json({ server, ...eventJson(event) })
              else await context.print(`${lineOf(server, event, context)}\n`)
              if (--left <= 0) enough.abort()
            }
          } catch (error) {
            if (!signal.aborted) context.unreachable(server, error)
          }
        }),
      )
    })
}

function eventJson(event: WatchEvent): object {
  return 'key' in event ? { ...event, key: event.key.toString() } : event
}

function lineOf(server: string, event: WatchEvent, { paint }: Context): string {
  if (event.type === 'other') return `${server}  ${shownText(event.line)}`
  if (event.type === 'skipped')
    return `${server}  ${paint('yellow', `skipped ${event.count} events`)}`
  const { type, time, id: _, ...fields } = event
  const clock = new Date(time).toISOString().slice(11, 23)
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
  return `${paint('dim', clock)}  ${server}  ${paint('cyan', type)}  ${shownText(rest.join(' '))}`
}
