import { performance } from 'node:perf_hooks'
import cliProgress from 'cli-progress'
import type { Output } from './io.ts'

/** A bar is drawn no more often than for every so many items. */
const STEP = 1000
/** Milliseconds between two drawings. */
const REDRAW = 100

/** A progress bar on a terminal, and nothing anywhere else. The total may grow. */
export class DumpProgress {
  readonly #bar: cliProgress.SingleBar | undefined
  readonly #figures: () => string
  #drawnAt = 0
  #total = 0
  #done = 0

  /** @param figures - what is known so far, in a few words behind the bar */
  constructor(output: Output | undefined, figures: () => string) {
    this.#figures = figures
    if (!output?.isTTY) return
    this.#bar = new cliProgress.SingleBar({
      stream: output as NodeJS.WritableStream,
      format: '{bar} {value} of {total} items, {eta_formatted} left{figures}',
      barsize: 20,
      barCompleteChar: '█',
      barIncompleteChar: '·',
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 100,
    })
    this.#bar.start(0, 0, { figures: '' })
  }

  /** So many items more are to come. */
  expect(count: number): void {
    this.#total += count
    this.#bar?.setTotal(this.#total)
  }

  add(): void {
    this.#done++
    if (this.#bar === undefined || this.#done % STEP !== 0) return
    // Figures may take time to sum up.
    if (performance.now() - this.#drawnAt >= REDRAW) this.#draw()
  }

  end(): void {
    this.#draw()
    this.#bar?.stop()
  }

  #draw(): void {
    if (this.#bar === undefined) return
    const figures = this.#figures()
    this.#bar.update(this.#done, { figures: figures === '' ? '' : `; ${figures}` })
    this.#drawnAt = performance.now()
  }
}
