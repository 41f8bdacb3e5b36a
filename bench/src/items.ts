/** The keys of all workloads and floors, of one length, so that what a floor repeats has one too. */
export const NAMES: readonly string[] = Array.from({ length: 100 }, (_, i) => `key:${100 + i}`)

/** An object of 1 KB as JSON. */
export function jsonValue(id: number): { readonly id: number; readonly tags: readonly unknown[] } {
  return { id, tags: Array.from({ length: 30 }, (_, i) => ({ id: i, name: `tag number ${i}` })) }
}
