/**
 * Looks at values that come from elsewhere: from hooks, other realms, other copies of a package. There
 * `instanceof` says nothing, and a look may throw.
 */

/**
 * True for a promise of any make: an object with a method `then`. Throws where reading `then` does, as a promise
 * that is resolved with such a value would reject with that.
 */
export function isPromise<T>(value: T | PromiseLike<T>): value is Promise<T> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

/** True for an abort signal of any make, such as a polyfill's. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false
  const { aborted, addEventListener } = value as Partial<AbortSignal>
  return typeof aborted === 'boolean' && typeof addEventListener === 'function'
}

/** True for an error of any realm. */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false
  try {
    return value instanceof Error || typeof (value as Partial<Error>).message === 'string'
  } catch {
    return false
  }
}

/** What was thrown, as an error: people throw anything. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(messageOf(thrown), { cause: thrown })
}

/** What kind of thing it is, such as `SyntaxError` or `string`: nothing of what it holds or says. */
export function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  try {
    const name: unknown = Object.getPrototypeOf(value).constructor.name
    if (typeof name === 'string' && /^[A-Za-z_$][\w$]{0,63}$/.test(name)) return name
  } catch {
    // Without a prototype, or revoked.
  }
  return 'object'
}

/** What a thrown value says of itself, whatever it is. */
export function messageOf(thrown: unknown): string {
  try {
    if (isError(thrown)) return String(thrown.message)
    return String(thrown)
  } catch {
    return `a thrown ${typeof thrown} that has no text`
  }
}
