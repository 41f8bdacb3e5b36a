import { checkObject } from '../check.ts'

/** What other clients and standards call an option of ours. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  ttl: ['expire'],
  exptime: ['expire'],
  expires: ['expire'],
  expiry: ['expire'],
  expiration: ['expire'],
  lifetime: ['expire'],
  maxage: ['expire', 'maxConnectionAge'],
  ex: ['expire'],
  px: ['expire'],
  deadline: ['timeout'],
  commandtimeout: ['timeout'],
  sockettimeout: ['timeout'],
  abortsignal: ['signal'],
  defaultvalue: ['default'],
  fallback: ['default'],
  prefix: ['keyPrefix'],
  namespace: ['keyPrefix'],
  keyprefix: ['keyPrefix'],
  ssl: ['tls'],
  user: ['username'],
  pass: ['password'],
  poolsize: ['maxPoolSize', 'maxSize'],
  max: ['maxPoolSize', 'maxSize'],
  retries: ['attempts'],
  maxretries: ['attempts'],
  serializer: ['serde'],
}

/** How many letters a misspelt name may differ by from the one that was meant. */
const MOST_EDITS = 2

/**
 * Returns why an options object is invalid: it has a value under a name that is not in `names`. Returns
 * `undefined` if it is valid.
 */
export function unknownOption(options: object, names: ReadonlySet<string>): string | undefined {
  for (const name in options) {
    if (names.has(name) || (options as Record<string, unknown>)[name] === undefined) continue
    const nearest = nearestTo(name, names)
    const hint =
      nearest === undefined
        ? `the options are ${[...names].join(', ')}`
        : `did you mean ${nearest}?`
    return `there is no option ${JSON.stringify(name.slice(0, 40))}: ${hint}`
  }
  return undefined
}

/** @throws TypeError unless it is an object, without names that are not in `names` */
export function checkOptionNames(options: object, names: ReadonlySet<string>): void {
  checkObject('options', options)
  const problem = unknownOption(options, names)
  if (problem !== undefined) throw new TypeError(problem)
}

/** The names of an options type, of which the compiler asks that none is missing. */
export function optionNames<O>(names: Readonly<Record<keyof O, true>>): ReadonlySet<string> {
  return new Set(Object.keys(names))
}

/** Those of the options that another constructor takes. */
export function pickOptions<O extends object>(options: O, names: ReadonlySet<string>): Partial<O> {
  const picked = Object.entries(options).filter(([name]) => names.has(name))
  return Object.fromEntries(picked) as Partial<O>
}

/** The name that was probably meant; `undefined` if none is near. */
export function nearestTo(name: string, names: ReadonlySet<string>): string | undefined {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '')
  const synonym = SYNONYMS[plain]?.find((it) => names.has(it))
  if (synonym !== undefined) return synonym
  let nearest: string | undefined
  let fewest = MOST_EDITS + 1
  for (const candidate of names) {
    const edits = distance(plain, candidate.toLowerCase())
    if (edits < fewest) {
      fewest = edits
      nearest = candidate
    }
  }
  return nearest
}

/** Letters to insert, drop or replace to make one word of the other (Levenshtein). */
function distance(a: string, b: string): number {
  if (a.length > 40) return a.length
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
