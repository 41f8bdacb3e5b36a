/** A line of a report of `stats`. */
export type Stat = readonly [name: string, value: string | number]
