import type { Io } from '../io.ts'
import type { Paint } from '../terminal.ts'
import type { Line } from './screen.ts'

const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

/** The terminal's other screen, which leaves the first one as it was. */
export class FullScreen {
  readonly #io: Io
  readonly #paint: Paint

  constructor(io: Io, paint: Paint) {
    this.#io = io
    this.#paint = paint
  }

  get columns(): number {
    return this.#io.stdout.columns ?? 80
  }

  get rows(): number {
    return this.#io.stdout.rows ?? 24
  }

  enter(): void {
    this.#io.stdin.setRawMode?.(true)
    this.#io.stdout.write(ENTER)
  }

  leave(): void {
    this.#io.stdout.write(LEAVE)
    this.#io.stdin.setRawMode?.(false)
  }

  /** Draws over what is there, without a moment in which nothing is. */
  draw(lines: readonly Line[]): void {
    const texts = lines.map((line) =>
      line
        .map(({ text, style }) => (style === undefined ? text : this.#paint(style, text)))
        .join(''),
    )
    this.#io.stdout.write(`${HOME}${texts.join(`${CLEAR_LINE}\r\n`)}${CLEAR_LINE}${CLEAR_BELOW}`)
  }
}
