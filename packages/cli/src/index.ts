export type { Exit } from './exit.ts'
export type { Io, Output } from './io.ts'
export { run } from './run.ts'
