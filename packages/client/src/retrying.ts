import { type ClientMethod, METHODS, type MemcacheClient, type MethodTraits } from '@mc/protocol'
import {
  checkOptionNames,
  isTraced,
  mustBe,
  optionNames,
  partOf,
  traceCall,
} from '@mc/protocol/toolkit'
import { type Repeatable, type RetryingOptions, RetryPolicy } from './retry-policy.ts'

const RETRYING_OPTIONS = optionNames<RetryingOptions>({
  attempts: true,
  retryDelay: true,
  backoffFactor: true,
  jitter: true,
  maxTotalTime: true,
  retryFor: true,
  doNotRetryFor: true,
  retryUnsafe: true,
  signal: true,
})

/** What is repeated: the commands, and to connect. */
const REPEATABLE: ReadonlyMap<PropertyKey, Repeatable> = new Map<PropertyKey, Repeatable>([
  ...Object.entries(METHODS),
  ['connect', { takes: 'nothing', optionsAt: undefined, isIdempotent: true }],
])

type Method = (...args: unknown[]) => unknown

/**
 * Wraps a client so that failed commands are repeated, and answers one of the same type. It has everything that the client has; what is
 * no command, such as `on`, `close` or an attribute, is the client's own.
 *
 * Commands that are not idempotent (`add`, `append`, `prepend`, `cas`, `incr`, `decr`, `rawCommand`,
 * `shutdown`) are repeated only if nothing of the failed attempt had been written; when something had,
 * the error has `written: true`: whether the command took effect is unknown. Never repeated are calls
 * with illegal input, on a closed client, or aborted by their signal. A call's own `timeout` is for each
 * of its attempts, its own `signal` ends the waits between them as well.
 *
 * A client with `ignoreExc` hides failures of reads, so that they are not repeated.
 *
 * @throws TypeError or RangeError for an invalid option
 */
export function retrying<C extends MemcacheClient>(client: C, options: RetryingOptions = {}): C {
  if (typeof client !== 'object' || client === null) {
    mustBe('client', 'a memcached client', client)
  }
  checkOptionNames(options, RETRYING_OPTIONS)
  const policy = new RetryPolicy(options)
  const wrapped = new Map<PropertyKey, { readonly method: Method; readonly wrapper: Method }>()

  return new Proxy(client, {
    // Getters, setters and methods run on the client itself: a proxy has no private fields.
    get(target, name, proxy) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function' || name === 'constructor') return value
      const method = value as Method
      const repeatable = REPEATABLE.get(name)
      if (repeatable === undefined && Object.hasOwn(target, name)) return method
      const known = wrapped.get(name)
      if (known?.method === method) return known.wrapper
      const wrapper: Method =
        repeatable === undefined
          ? (...args) => {
              const result = method.apply(target, args)
              return result === target ? proxy : result
            }
          : repeating(target, METHODS[name as ClientMethod], (args) =>
              policy.run(
                repeatable,
                args,
                partOf((reusable) => method.apply(target, reusable)),
              ),
            )
      wrapped.set(name, { method, wrapper })
      return wrapper
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
}

/** A call with all of its attempts, which is one call. @param traits - `undefined` for what is no call */
function repeating(
  client: object,
  traits: MethodTraits | undefined,
  run: (args: unknown[]) => Promise<unknown>,
): Method {
  return (...args) =>
    traits !== undefined && isTraced() ? traceCall(client, traits, args, run) : run(args)
}
