import type { Setting } from './contenders/contender.ts'

/** What a process of callers, or the writer's, has to do; it comes as JSON. */
export interface Task extends Setting {
  readonly contender: string
  readonly role: 'callers' | 'writer'
  readonly callers: number
  /** Milliseconds. */
  readonly load: number
}

/** One call of a reader. */
export interface Read {
  readonly begin: number
  readonly end: number
  readonly version: number
}

/** What the processes say. Times are those of `now()`. */
export type FromProcess =
  | { readonly kind: 'ready' }
  /** Asks for the version of the source. */
  | { readonly kind: 'load'; readonly id: number; readonly at: number }
  | { readonly kind: 'loaded'; readonly id: number; readonly at: number }
  /** Changes the source, and asks for the new version. */
  | { readonly kind: 'write'; readonly id: number }
  /** The invalidation behind the change to this version has been awaited. */
  | { readonly kind: 'confirmed'; readonly version: number; readonly at: number }
  | { readonly kind: 'reads'; readonly reads: readonly Read[] }
  | { readonly kind: 'failed'; readonly what: string }
  /** `stall` is the longest time for which its event loop stood still, in milliseconds. */
  | { readonly kind: 'done'; readonly stall: number }

/** What they are sent. */
export type ToProcess =
  | { readonly kind: 'version'; readonly id: number; readonly version: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
