/** @throws TypeError for an exception of which there is no rule */
export function checkExceptions(
  exceptions: Readonly<Record<string, string>>,
  rules: Iterable<string>,
): void {
  const names = new Set(rules)
  for (const name of Object.keys(exceptions)) {
    if (!names.has(name)) throw new TypeError(`the contract has no rule named "${name}"`)
  }
}
