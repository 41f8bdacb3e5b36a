import { setTimeout } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { FIGURE_COLUMNS, figureRow } from '../figure-rows.ts'
import type { Fleet } from '../fleet.ts'
import { FigureSampler } from '../server-figures.ts'
import { FullScreen } from './full-screen.ts'
import { HotKeys } from './hot-keys.ts'
import { screenOf } from './screen.ts'
import { View } from './view.ts'

export interface TopOptions {
  /** Seconds between two samples. */
  readonly interval: number
  /** Whether the servers are watched for their hottest keys. */
  readonly keys: boolean
  /** What a prefix ends with. */
  readonly separator: string
  /** Whether each sample is a line of JSON. */
  readonly json: boolean
}

/** Names that a screen can show at most. */
const NAMES = 200
/** Names in a sample without a screen: as JSON, in a line for people. */
const NAMES_AS_JSON = 20
const NAMES_IN_A_LINE = 5
const CTRL_C = '\x03'

/** The live view of a fleet, until it is ended. */
export class Top {
  readonly #context: Context
  readonly #options: TopOptions
  readonly #fleet: Fleet
  readonly #sampler: FigureSampler
  readonly #hot = new HotKeys()
  readonly #view = new View()
  readonly #end = new AbortController()
  readonly #signal: AbortSignal

  constructor(context: Context, fleet: Fleet, options: TopOptions) {
    this.#context = context
    this.#options = options
    this.#fleet = fleet
    this.#sampler = new FigureSampler(fleet)
    this.#signal = AbortSignal.any([context.io.signal, this.#end.signal])
  }

  /** Runs until a key or the signal ends it. */
  async run(): Promise<void> {
    const { keys, separator } = this.#options
    const watching = keys ? this.#hot.watch(this.#fleet, separator, this.#signal) : undefined
    const { stdin, stdout } = this.#context.io
    try {
      if (stdin.isTTY && stdout.isTTY && !this.#options.json) await this.#onScreen()
      else await this.#inLines()
    } finally {
      this.#end.abort()
      this.#fleet.destroy()
      await watching
    }
  }

  async #onScreen(): Promise<void> {
    const { io, paint } = this.#context
    const screen = new FullScreen(io, paint)
    const draw = (): void => {
      this.#takeKeys()
      const clock = new Date().toTimeString().slice(0, 8)
      screen.draw(screenOf(this.#view, screen.columns, screen.rows, clock))
    }
    const ended = new Promise<undefined>((resolve) => {
      this.#signal.addEventListener('abort', () => resolve(undefined))
    })
    screen.enter()
    const stopReading = this.#onKeys(draw)
    io.stdout.on?.('resize', draw)
    try {
      while (!this.#signal.aborted) {
        // A server that does not answer keeps nobody here.
        const figures = await Promise.race([this.#sampler.sample(), ended])
        if (figures === undefined) break
        this.#view.update(figures)
        draw()
        await this.#pause()
      }
    } finally {
      io.stdout.off?.('resize', draw)
      stopReading()
      screen.leave()
    }
  }

  /** Obeys each key that is typed, until the answered function is called. */
  #onKeys(draw: () => void): () => void {
    const { stdin } = this.#context.io
    const view = this.#view
    const obey = (key: string): void => {
      if (key === 'q' || key === CTRL_C) this.#end.abort()
      else if (key === 's') view.nextSort()
      else if (key === 'r') view.isReversed = !view.isReversed
      if (!this.#signal.aborted) draw()
    }
    const read = async (): Promise<void> => {
      for await (const chunk of stdin) for (const key of chunk.toString()) obey(key)
    }
    read().catch(() => {})
    return () => {
      stdin.destroy?.()
    }
  }

  #takeKeys(): void {
    const { keys, prefixes, problem, skipped } = this.#hot
    this.#view.keysProblem = this.#options.keys ? problem : 'no keys, as --no-keys says'
    this.#view.skipped = skipped
    this.#view.keys = keys.top(NAMES)
    this.#view.prefixes = prefixes.top(NAMES)
  }

  async #inLines(): Promise<void> {
    const context = this.#context
    while (!this.#signal.aborted) {
      const servers = await this.#sampler.sample()
      const { keys, prefixes } = this.#hot
      if (this.#options.json) {
        await context.json({
          servers,
          keys: keys.top(NAMES_AS_JSON),
          prefixes: prefixes.top(NAMES_AS_JSON),
        })
      } else {
        await context.table(
          FIGURE_COLUMNS,
          servers.map((figures) => figureRow(figures, context.paint)),
        )
        const hottest = keys
          .top(NAMES_IN_A_LINE)
          .map(({ name, reads, writes }) => `${name} ${reads}+${writes}`)
        if (hottest.length > 0) {
          await context.print(`hottest keys, reads+writes: ${hottest.join(', ')}\n`)
        }
        await context.print('\n')
      }
      await this.#pause()
    }
  }

  async #pause(): Promise<void> {
    const { interval } = this.#options
    await setTimeout(interval * 1000, undefined, { signal: this.#signal }).catch(() => {})
  }
}
