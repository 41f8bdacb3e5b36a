import type { InspectOptions } from 'node:util'

/** `inspect.custom`. */
const CUSTOM = Symbol.for('nodejs.util.inspect.custom')

/** Makes `console.log` and `inspect` show of a class's objects what `describe` tells, not their internals. */
export function showAs<T extends object>(
  type: { readonly prototype: T },
  describe: (object: T) => object,
): void {
  function show(this: T, _depth: number, options: InspectOptions): string {
    const { inspect } = process.getBuiltinModule('node:util')
    return `${this.constructor.name} ${inspect(describe(this), { ...options, depth: 2 })}`
  }
  Object.defineProperty(type.prototype, CUSTOM, { value: show })
}
