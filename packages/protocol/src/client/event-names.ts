import type { EventEmitter } from 'node:events'
import { warnOnce } from '../warn-once.ts'
import { nearestTo } from './option-names.ts'

/** What emitters have by themselves. */
const BUILT_IN: readonly string[] = ['newListener', 'removeListener']

/**
 * Lets a class's objects warn when somebody listens for an event that never comes, once for each name. It is no error: a
 * subclass may have events of its own.
 */
export function checkEventNames<E>(
  type: { readonly name: string; readonly prototype: Pick<EventEmitter, 'on'> },
  events: Readonly<Record<keyof E, true>>,
): void {
  const { name: client, prototype } = type
  const names = new Set(Object.keys(events))
  const { on } = prototype
  function checked(
    this: EventEmitter,
    name: string | symbol,
    listener: (...args: unknown[]) => void,
  ): EventEmitter {
    if (typeof name === 'string' && !names.has(name) && !BUILT_IN.includes(name)) {
      const nearest = nearestTo(name, names)
      const hint = nearest === undefined ? '' : `did you mean ${nearest}? `
      const shown = JSON.stringify(name.slice(0, 40))
      const known = [...names].join(', ')
      warnOnce('MEMCACHE_EVENT', `${client} has no event ${shown}: ${hint}its events are ${known}`)
    }
    return on.call(this, name, listener)
  }
  for (const method of ['on', 'addListener']) {
    Object.defineProperty(prototype, method, {
      ...{ value: checked, writable: true, configurable: true },
    })
  }
}
