import type { AlikeKeys } from './alike-keys.ts'
import type { PickleClass } from './classes.ts'
import { MalformedPickle } from './malformed-pickle.ts'

/**
 * What a pickle builds step by step and may refer to before it is complete. Whether a dict becomes an object or a Map
 * is known only when it has all of its keys, so nodes become values at the end: see `finishedValue`.
 */
export abstract class PickleNode {
  /** How many levels are inside; 0 while they are being counted, -1 before. */
  height = -1

  /** What it is in the result, complete after `finish`. */
  abstract readonly value: unknown

  /** Called once, before all else. Returns what is inside. */
  abstract open(): readonly unknown[]

  /** Called once everything inside is finished or refers back to this. */
  abstract finish(alikeKeys: AlikeKeys): void
}

/** A list or a tuple. */
export class ListNode extends PickleNode {
  readonly value: unknown[]

  constructor(items: unknown[] = []) {
    super()
    this.value = items
  }

  open(): readonly unknown[] {
    return this.value
  }

  finish(): void {
    const { value } = this
    for (let i = 0; i < value.length; i++) value[i] = finished(value[i])
  }
}

/** A set or a frozenset. */
export class SetNode extends PickleNode {
  readonly value: Set<unknown> = new Set()
  readonly items: unknown[]

  constructor(items: unknown[] = []) {
    super()
    this.items = items
  }

  open(): readonly unknown[] {
    return this.items
  }

  finish(alikeKeys: AlikeKeys): void {
    alikeKeys.check(this.items)
    for (const item of this.items) this.value.add(finished(item))
  }
}

/** A dict: an object where every key is a str, and a Map otherwise. */
export class DictNode extends PickleNode {
  value: Record<string, unknown> | Map<unknown, unknown> = {}
  /** Keys and values in turn. */
  readonly items: unknown[]

  constructor(items: unknown[] = []) {
    super()
    this.items = items
  }

  open(): readonly unknown[] {
    if (this.items.length % 2 === 1)
      throw new MalformedPickle('is a pickle with a key but no value')
    const isObject = this.items.every((item, i) => i % 2 === 1 || typeof item === 'string')
    if (!isObject) this.value = new Map()
    return this.items
  }

  finish(alikeKeys: AlikeKeys): void {
    const { items, value } = this
    if (value instanceof Map) alikeKeys.check(items.filter((_, i) => i % 2 === 0))
    for (let i = 0; i < items.length; i += 2) {
      const key = finished(items[i])
      const member = finished(items[i + 1])
      if (value instanceof Map) value.set(key, member)
      else setMember(value, key as string, member)
    }
  }
}

/** An instance of a class that the caller allows, or one of the standard ones. */
export class InstanceNode extends PickleNode {
  state: unknown = null
  readonly #class: GlobalNode
  readonly #args: unknown
  #value: unknown
  #isFinished = false

  constructor(of: GlobalNode, args: unknown) {
    super()
    this.#class = of
    this.#args = args
  }

  get value(): unknown {
    if (this.#isFinished) return this.#value
    throw new MalformedPickle(`is a pickle with a ${this.#class.name} that contains itself`)
  }

  open(): readonly unknown[] {
    return [this.#args, this.state]
  }

  finish(): void {
    this.#value = this.#class.create(finished(this.#args) as unknown[], finished(this.state))
    this.#isFinished = true
  }
}

/** A class or function by its name. By itself it is not a value. */
export class GlobalNode extends PickleNode {
  readonly name: string
  readonly #create: PickleClass | undefined

  constructor(name: string, create: PickleClass | undefined) {
    super()
    this.name = name
    this.#create = create
  }

  create(args: readonly unknown[], state: unknown): unknown {
    if (this.#create === undefined) throw this.#refusal()
    try {
      return this.#create(args, state)
    } catch (error) {
      const reason = `is a pickle with a ${this.name} that its entry of classes cannot read`
      throw new MalformedPickle(reason, { cause: error })
    }
  }

  get value(): unknown {
    throw this.#refusal()
  }

  open(): readonly unknown[] {
    throw this.#refusal()
  }

  finish(): void {}

  #refusal(): MalformedPickle {
    return new MalformedPickle(`is a pickle with ${this.name}, which is not data`)
  }
}

function finished(item: unknown): unknown {
  return item instanceof PickleNode ? item.value : item
}

/** Plain assignment to `__proto__` would change the prototype. */
function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else
    Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
}
