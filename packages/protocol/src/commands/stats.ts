import { MemcacheIllegalInputError } from '../errors.ts'
import type { Stats, StatValue } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import { parseStatLine } from '../stats.ts'
import { LineCommand } from './line.ts'

/** `stats` with any arguments: all lines of its reply by name. */
export class StatsCommand extends LineCommand<Stats> {
  readonly #stats: Record<string, StatValue> = Object.create(null)

  /** @throws MemcacheIllegalInputError for an argument that is not one word */
  constructor(args: readonly string[]) {
    for (const arg of args) {
      if (typeof arg !== 'string' || !/^[\x21-\x7e]{1,250}$/.test(arg)) {
        throw new MemcacheIllegalInputError(
          'each argument of stats must be a word of 1 to 250 ASCII characters without whitespace',
        )
      }
    }
    super('stats', ['stats', ...args].join(' '))
  }

  override get isRead(): boolean {
    return this.line !== 'stats reset'
  }

  override read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.stat: {
        const [name, value] = parseStatLine(reply.line) ?? []
        if (name === undefined || value === undefined) return this.refuse(reply)
        if (!this.isSettled) this.#stats[name] = value
        return false
      }
      case ReplyKind.end:
      case ReplyKind.ok:
      case ReplyKind.reset:
        this.resolve(this.#stats)
        return true
      default:
        return this.refuse(reply)
    }
  }
}
