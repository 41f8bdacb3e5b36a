/** Rules that a client or its server does not follow, by the names of their tests, with the reason. */
export type Exceptions = Readonly<Record<string, string>>

/** @throws TypeError for an exception of which there is no rule */
export function checkExceptions(exceptions: Exceptions, rules: Iterable<string>): void {
  const names = new Set(rules)
  for (const name of Object.keys(exceptions)) {
    if (!names.has(name)) throw new TypeError(`the contract has no rule named "${name}"`)
  }
}
