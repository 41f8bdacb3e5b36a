import { isUint8Array } from 'node:util/types'

interface Rule {
  readonly allowed: string
  readonly isMet: (value: unknown) => boolean
  /** Of the right type, so that it is the range that is wrong. */
  readonly isTyped: (value: unknown) => boolean
}

const isNumber = (value: unknown): boolean => typeof value === 'number'

const RULES: Readonly<Record<string, Rule>> = {
  times: integer(1),
  chance: {
    allowed: 'a number from 0 to 1',
    isMet: (value) => (value as number) >= 0 && (value as number) <= 1,
    isTyped: isNumber,
  },
  afterCommands: integer(0),
  afterReplies: integer(0),
  afterMilliseconds: duration(),
  forMilliseconds: duration(),
  milliseconds: duration(),
  direction: oneOf('requests', 'replies'),
  at: oneOf('start', 'value', 'anywhere'),
  rest: typed('a boolean', (value) => typeof value === 'boolean'),
  size: {
    allowed: "a positive integer or 'random'",
    isMet: (value) => value === 'random' || (Number.isSafeInteger(value) && (value as number) > 0),
    isTyped: isNumber,
  },
  bytes: typed('text or bytes', (value) => typeof value === 'string' || isUint8Array(value)),
  line: typed(
    'text without line ends',
    (value) => typeof value === 'string' && !/[\r\n]/.test(value),
  ),
}

/** The option without which a fault of a kind has no meaning. */
const REQUIRED: Readonly<Record<string, string>> = { delay: 'milliseconds', error: 'line' }

/**
 * Refuses what is no fault.
 *
 * @param kinds - options by kind of fault
 * @param rules - more than those that all faults share
 * @throws TypeError or RangeError that says what is wrong and what is allowed
 */
export function checkFault(
  fault: { readonly kind: string },
  kinds: Readonly<Record<string, readonly string[]>>,
  rules: Readonly<Record<string, Rule>> = {},
): void {
  if (typeof fault !== 'object' || fault === null) {
    throw new TypeError(`a fault must be an object with a kind, got ${shown(fault)}`)
  }
  const options = Object.hasOwn(kinds, fault.kind) ? kinds[fault.kind] : undefined
  if (options === undefined) {
    throw new TypeError(
      `a fault's kind must be one of ${Object.keys(kinds).join(', ')}, got ${shown(fault.kind)}`,
    )
  }
  for (const name of Object.keys(fault)) {
    if (name === 'kind' || options.includes(name)) continue
    throw new TypeError(`${fault.kind} has no option ${name}, only ${options.join(', ')}`)
  }
  for (const name of options) {
    const value = (fault as Readonly<Record<string, unknown>>)[name]
    if (value === undefined && REQUIRED[fault.kind] !== name) continue
    const rule = rules[name] ?? RULES[name]
    if (rule === undefined || rule.isMet(value)) continue
    const message = `${name} of ${fault.kind} must be ${rule.allowed}, got ${shown(value)}`
    throw rule.isTyped(value) ? new RangeError(message) : new TypeError(message)
  }
}

/** A rule that only a value of another type can break. */
export function typed(allowed: string, isMet: (value: unknown) => boolean): Rule {
  return { allowed, isMet, isTyped: () => false }
}

function oneOf(...values: readonly string[]): Rule {
  return typed(values.join(' or '), (value) => values.includes(value as string))
}

function integer(least: number): Rule {
  return {
    allowed: `an integer of ${least} or more`,
    isMet: (value) => Number.isSafeInteger(value) && (value as number) >= least,
    isTyped: isNumber,
  }
}

function duration(): Rule {
  return {
    allowed: '0 or more milliseconds',
    isMet: (value) => Number.isFinite(value) && (value as number) >= 0,
    isTyped: isNumber,
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value)
}
