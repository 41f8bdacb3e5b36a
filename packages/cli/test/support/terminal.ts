import { PassThrough } from 'node:stream'
import headless from '@xterm/headless'
import { type Exit, type Io, run } from '../../src/index.ts'

/** Red, green, yellow and cyan of a terminal. */
const PALETTE: Readonly<Record<number, string>> = {
  1: '#ff7b72',
  2: '#7ee787',
  3: '#e3b341',
  6: '#76e3ea',
}

/** `mc` in this process on a terminal: type keys, read the screen. */
export class FakeTerminal {
  readonly exit: Promise<Exit>
  /** Whether keys are passed as they are typed. */
  isRaw = false
  readonly #screen: InstanceType<typeof headless.Terminal>
  readonly #stdin = new PassThrough()
  readonly #onResize = new Set<() => void>()

  constructor(argv: readonly string[], columns: number, rows: number) {
    this.#screen = new headless.Terminal({ cols: columns, rows, allowProposedApi: true })
    const output: Io['stdout'] & { columns: number; rows: number } = {
      isTTY: true,
      columns,
      rows,
      write: (text) => {
        this.#screen.write(text)
        return true
      },
      once: () => undefined,
      on: (_, listener) => this.#onResize.add(listener),
      off: (_, listener) => this.#onResize.delete(listener),
    }
    this.resize = (newColumns, newRows) => {
      this.#screen.resize(newColumns, newRows)
      Object.assign(output, { columns: newColumns, rows: newRows })
      for (const listener of this.#onResize) listener()
    }
    this.exit = run(argv, {
      stdin: Object.assign(this.#stdin, {
        isTTY: true,
        setRawMode: (isRaw: boolean) => {
          this.isRaw = isRaw
        },
      }),
      stdout: output,
      stderr: output,
      env: { FORCE_COLOR: '1' },
      signal: new AbortController().signal,
    })
  }

  readonly resize: (columns: number, rows: number) => void

  type(keys: string): void {
    this.#stdin.write(keys)
  }

  /** The lines of the screen, blanks at their ends left out. */
  get lines(): string[] {
    const { active } = this.#screen.buffer
    return Array.from({ length: this.#screen.rows }, (_, i) => {
      return active.getLine(active.viewportY + i)?.translateToString(true) ?? ''
    })
  }

  /** The screen as a page, in the terminal's colours. */
  get html(): string {
    const { active } = this.#screen.buffer
    const lines = Array.from({ length: this.#screen.rows }, (_, i) => {
      const line = active.getLine(active.viewportY + i)
      let text = ''
      for (let x = 0; x < this.#screen.cols; x++) {
        const cell = line?.getCell(x)
        const char = (cell?.getChars() || ' ').replace(/[&<]/g, (it) => `&#${it.charCodeAt(0)};`)
        const style = [
          cell?.isFgPalette() ? `color:${PALETTE[cell.getFgColor()]}` : '',
          cell?.isDim() ? 'opacity:.6' : '',
          cell?.isBold() ? 'font-weight:bold' : '',
        ].join(';')
        text += style === ';;' ? char : `<span style="${style}">${char}</span>`
      }
      return text
    })
    return `<meta charset="utf-8"><body style="background:#14181f;margin:1rem"><pre style="color:#dde3ea;font:13px/1.35 monospace">${lines.join('\n')}</pre>`
  }

  /** Whether the other screen is shown, as full-screen programs do. */
  get isOtherScreen(): boolean {
    return this.#screen.buffer.active.type === 'alternate'
  }
}
