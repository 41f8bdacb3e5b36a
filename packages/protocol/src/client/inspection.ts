import { type InspectOptions, inspect } from 'node:util'

/** Makes `console.log` and `inspect` show of a class's objects what `describe` tells, not their internals. */
export function showAs<T extends object>(
  type: { readonly prototype: T },
  describe: (object: T) => object,
): void {
  function show(this: T, _depth: number, options: InspectOptions): string {
    return `${this.constructor.name} ${inspect(describe(this), { ...options, depth: 2 })}`
  }
  Object.defineProperty(type.prototype, inspect.custom, { value: show })
}
