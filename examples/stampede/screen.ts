import type { Side } from './side.ts'

const BAR = 24
const COLUMN = 34
const FRAMES_PER_SECOND = 10

/** Shows both sides until the signal aborts: redrawn in place in a terminal, elsewhere a line each second. */
export function show(sides: readonly Side[], signal: AbortSignal): void {
  const isTerminal = process.stdout.isTTY
  const perSecond = isTerminal ? FRAMES_PER_SECOND : 1
  /** Loads of each side at the last ticks, the newest last: as many as a second has. */
  const history = [sides.map(() => 0)]
  let seconds = 0
  let most = 1

  const tick = (): void => {
    const loads = sides.map(({ source }, i) => source.loads - (history[0]?.[i] ?? 0))
    history.push(sides.map(({ source }) => source.loads))
    if (history.length > perSecond) history.shift()
    most = Math.max(most, ...loads)
    seconds += 1 / perSecond
    if (isTerminal) redraw(frame(sides, loads, most))
    else console.log(line(sides, loads, seconds))
  }
  if (isTerminal)
    console.log(
      frame(
        sides,
        sides.map(() => 0),
        most,
      ).join('\n'),
    )
  const timer = setInterval(tick, 1000 / perSecond)
  signal.addEventListener('abort', () => clearInterval(timer))
}

function frame(sides: readonly Side[], loads: readonly number[], most: number): string[] {
  const row = (head: string, cell: (side: Side, index: number) => string): string =>
    head.padEnd(18) + sides.map((side, index) => cell(side, index).padEnd(COLUMN)).join('')
  return [
    row('', ({ name }) => name),
    row('loads per second', (_, i) => `${bar(loads[i] ?? 0, most)} ${loads[i]}`),
    row('loads so far', ({ source }) => `${source.loads}`),
    row('old reads', ({ oldReads }) => `${oldReads}`),
    row('oldest value', ({ oldest }) => age(oldest)),
  ]
}

function line(sides: readonly Side[], loads: readonly number[], seconds: number): string {
  const parts = sides.map(
    ({ name, oldReads, oldest }, i) =>
      `${name}: loads ${loads[i]}, old reads so far ${oldReads}, oldest ${age(oldest)}`,
  )
  return `${seconds} s   ${parts.join('   ')}`
}

function bar(value: number, most: number): string {
  return '█'.repeat(Math.ceil((BAR * value) / most))
}

function age(milliseconds: number): string {
  return milliseconds === 0 ? '-' : `${(milliseconds / 1000).toFixed(1)} s`
}

/** Writes the lines over those that were written last. */
function redraw(lines: readonly string[]): void {
  const up = `\x1b[${lines.length}A`
  process.stdout.write(`${up}${lines.map((text) => `${text}\x1b[K\n`).join('')}`)
}
