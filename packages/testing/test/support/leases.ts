import { readFileSync } from 'node:fs'

/** A request, what the server answers, and how long to wait before it. */
export interface LeaseStep {
  readonly request: string
  readonly answer: string
  /** What newer servers answer. */
  readonly newAnswer: string
  /** Seconds. */
  readonly pause: number
}

export type LeaseParagraph = readonly [title: string, steps: readonly LeaseStep[]]

const STEP = /^ {3}(\S.*?) {2,}(\S.*)$/
const NEW = /^ +new: {2}(.*)$/
const PAUSE = /^ {3}\((\d+) seconds pass\)$/

/** The paragraphs of `leases.txt`. */
export function readLeases(): LeaseParagraph[] {
  const text = readFileSync(new URL('leases.txt', import.meta.url), 'utf8')
  return text
    .split(/^## /m)
    .slice(1)
    .map((paragraph) => {
      const [title = '', ...lines] = paragraph.trimEnd().split('\n')
      return [title, stepsOf(lines)]
    })
}

function stepsOf(lines: readonly string[]): LeaseStep[] {
  const steps: LeaseStep[] = []
  let pause = 0
  for (const line of lines) {
    const newAnswer = NEW.exec(line)?.[1]
    const last = steps.at(-1)
    if (newAnswer !== undefined && last !== undefined) {
      steps[steps.length - 1] = { ...last, newAnswer }
      continue
    }
    const seconds = PAUSE.exec(line)?.[1]
    if (seconds !== undefined) {
      pause = Number(seconds)
      continue
    }
    const [, request, answer] = STEP.exec(line) ?? []
    if (request === undefined || answer === undefined) throw new Error(`no step: ${line}`)
    steps.push({ request, answer, newAnswer: answer, pause })
    pause = 0
  }
  return steps
}

const CAS = /(?<= c| cas=|VALUE \S+ \d+ \d+ )([1-9]\d*)/g

/** CAS uniques of one paragraph, by the order in which they appeared. */
export class CasNumbers {
  readonly #seen: string[] = []

  /** The bytes of a request. */
  fill(request: string): string {
    const [line = '', ...rest] = request
      .replace(/\{c(\d+)\}/g, (_, number: string) => this.#seen[Number(number) - 1] ?? '0')
      .split('|')
    const payload = rest.map((value) => {
      return value === 'x…' ? 'x'.repeat(Number(line.split(' ')[2])) : value
    })
    return [line, ...payload, ''].join('\r\n')
  }

  /** An answer as `leases.txt` writes it. */
  show(answer: string): string {
    return answer
      .replace(/\r\n$/, '')
      .replaceAll('\r\n', '|')
      .replace(CAS, (cas) => {
        if (!this.#seen.includes(cas)) this.#seen.push(cas)
        return `#${this.#seen.indexOf(cas) + 1}`
      })
  }
}
