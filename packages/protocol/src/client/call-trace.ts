import { entryPairs, keyList } from '../many-keys.ts'
import type { Entries, Key } from '../memcache-client.ts'
import { CLIENT_METHODS, METHODS, type MethodTraits } from '../methods.ts'
import type { CommandTrace } from '../telemetry.ts'
import { tracingChannelOf } from './channels.ts'
import { isLookup, runLookup } from './lookups.ts'
import { hasSubscribers } from './subscribers.ts'
import { traced } from './traced.ts'

/** What a trace has of a call's method. */
export type TracedMethod = Pick<MethodTraits, 'takes' | 'optionsAt' | 'isRead'> & {
  readonly name: string
}
type Method = (this: object, ...args: unknown[]) => Promise<unknown>

const commands = tracingChannelOf('mc:command')

/** The scope of a call that is part of none with a trace, such as a probe. */
const UNTRACED = Symbol('untraced')
type Scope = CommandTrace | typeof UNTRACED

/**
 * What the call that is being made is part of. It is set only while a method runs, up to the promise that it returns, so that
 * no call sees the scope of another. An `AsyncLocalStorage` in its place would slow down every promise of the process
 * while somebody listens, and would take calls that an event listener makes for parts of the call before it.
 */
let scope: Scope | undefined

/** Whether a call that is made now is to be published. */
export function isTraced(): boolean {
  return scope === undefined && hasSubscribers(commands)
}

/** The trace of the call that is being made; `undefined` when nobody listens. */
export function currentTrace(): CommandTrace | undefined {
  return scope === UNTRACED ? undefined : scope
}

/**
 * A function that makes calls on other clients as parts of the call that is being made, or of none: they have no events
 * of their own. Without a subscriber it is the given function, so that nothing is allocated.
 */
export function partOf<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => R {
  if (!hasSubscribers(commands)) return call
  const own = scope ?? UNTRACED
  return (...args) => within(own, () => call(...args))
}

function within<R>(inner: Scope, call: () => R): R {
  const outer = scope
  scope = inner
  try {
    return call()
  } finally {
    scope = outer
  }
}

/** Makes a call and publishes what becomes of it. Ask `isTraced` before. */
export function traceCall<R>(
  client: object,
  method: TracedMethod,
  args: readonly unknown[],
  call: (args: unknown[]) => Promise<R>,
): Promise<R> {
  const { server } = client as { server?: unknown }
  const trace: CommandTrace = {
    command: method.name,
    server: typeof server === 'string' ? server : undefined,
    keys: undefined,
    hits: undefined,
    misses: undefined,
    isIgnored: false,
  }
  const begin = (given: unknown[]): Promise<R> => within(trace, () => call(given))
  return traced(commands, trace, () => {
    const given = listed(method, args, trace)
    return isLookup(method) ? runLookup(method, given, trace, begin) : begin(given)
  })
}

/** The arguments, of which an iterable may be good for one pass only. */
function listed({ takes }: TracedMethod, args: readonly unknown[], trace: CommandTrace): unknown[] {
  const [first, ...rest] = args
  if (takes !== 'keys' && takes !== 'entries') return [...args]
  // The method itself refuses it, with the error that it has without a trace.
  if (typeof first !== 'object' || first === null) return [...args]
  const list =
    takes === 'keys' ? keyList(first as Iterable<Key>) : entryPairs(first as Entries<unknown>)
  trace.keys = list.length
  const isPlain = takes === 'entries' && !(Symbol.iterator in (first as object))
  return [isPlain ? first : list, ...rest]
}

/** Marks methods that publish their calls, which a subclass must not let publish again. */
const TRACED = Symbol('traced')

/** Lets the methods of a class, inherited ones too, publish their calls. */
export function traceMethods(prototype: object): void {
  for (const name of CLIENT_METHODS) {
    const original = (prototype as Record<string, Method | undefined>)[name]
    if (original === undefined || TRACED in original) continue
    const value = tracing(METHODS[name], original)
    Object.defineProperties(value, { name: { value: name }, [TRACED]: { value: true } })
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
  }
}

/** One for each number of arguments: to gather and spread them would take longer than the rest. */
function tracing(method: MethodTraits, original: Method): Method {
  function trace(client: object, args: unknown[]): Promise<unknown> {
    return traceCall(client, method, args, (given) => original.apply(client, given))
  }
  switch (method.optionsAt) {
    case 0:
      return function (this: object, a) {
        return isTraced() ? trace(this, [a]) : original.call(this, a)
      }
    case 1:
      return function (this: object, a, b) {
        return isTraced() ? trace(this, [a, b]) : original.call(this, a, b)
      }
    case 2:
      return function (this: object, a, b, c) {
        return isTraced() ? trace(this, [a, b, c]) : original.call(this, a, b, c)
      }
    case 3:
      return function (this: object, a, b, c, d) {
        return isTraced() ? trace(this, [a, b, c, d]) : original.call(this, a, b, c, d)
      }
    case undefined:
      return function (this: object, ...args) {
        return isTraced() ? trace(this, args) : original.apply(this, args)
      }
  }
}
