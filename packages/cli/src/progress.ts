import cliProgress from 'cli-progress'
import type { Output } from './io.ts'

/** A bar is drawn no more often than for every so many items. */
const STEP = 1000

/** A progress bar on a terminal, and nothing anywhere else. The total may grow. */
export class DumpProgress {
  readonly #bar: cliProgress.SingleBar | undefined
  #total = 0
  #done = 0

  constructor(output: Output) {
    if (!output.isTTY) return
    this.#bar = new cliProgress.SingleBar({
      stream: output as NodeJS.WritableStream,
      format: '{bar} {value} of {total} items, {duration_formatted}, {eta_formatted} left',
      barCompleteChar: '█',
      barIncompleteChar: '·',
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 100,
    })
    this.#bar.start(0, 0)
  }

  /** So many items more are to come. */
  expect(count: number): void {
    this.#total += count
    this.#bar?.setTotal(this.#total)
  }

  add(): void {
    this.#done++
    if (this.#done % STEP === 0) this.#bar?.update(this.#done)
  }

  end(): void {
    this.#bar?.update(this.#done)
    this.#bar?.stop()
  }
}
