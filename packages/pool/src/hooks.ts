import { MemcacheTimeoutError } from '@mc/protocol'
import { checkFunction, isPromise, mustBe, startTimer } from '@mc/protocol/toolkit'

/** The functions that an `ObjectPool` calls. */
export interface ObjectPoolHooks<T> {
  /** Makes an object. When it fails, the borrower it was for is rejected with its error. */
  readonly create: () => T | Promise<T>
  /** Asked before an idle object is lent again; one that is not valid, or whose check fails, is destroyed. */
  readonly validate?: ((object: T) => boolean | Promise<boolean>) | undefined
  /** Releases an object's resources. Its failures are `error` events. */
  readonly destroy?: ((object: T) => void | Promise<void>) | undefined
  /**
   * Whether `use` destroys the object after this error of its function. An object is also destroyed when
   * this throws.
   *
   * @default after every error
   */
  readonly destroyOn?: ((error: unknown, object: T) => boolean) | undefined
}

/** @throws TypeError unless each hook is a function or left out, and `create` is there */
export function checkHooks<T>(hooks: ObjectPoolHooks<T>): void {
  const { create, validate, destroy, destroyOn } = hooks
  if (create === undefined) mustBe('create', 'a function', create)
  for (const [name, hook] of Object.entries({ create, validate, destroy, destroyOn })) {
    checkFunction(name, hook)
  }
}

/** Calls the hooks of a pool, which may hang, reject, or throw anything: the pool goes on in any case. */
export class Hooks<T> {
  readonly #hooks: ObjectPoolHooks<T>
  readonly #timeout: number
  readonly #report: (error: unknown) => void

  /**
   * @param timeout - milliseconds that each of them may take
   * @param report - receives errors that reject no borrower
   */
  constructor(hooks: ObjectPoolHooks<T>, timeout: number, report: (error: unknown) => void) {
    this.#hooks = hooks
    this.#timeout = timeout
    this.#report = report
  }

  get canValidate(): boolean {
    return this.#hooks.validate !== undefined
  }

  /**
   * A new object. One that comes too late is destroyed.
   *
   * @throws whatever `create` throws, MemcacheTimeoutError
   */
  async create(): Promise<T> {
    const making = this.#hooks.create()
    if (!isPromise(making)) return making
    let isLate = false
    making.then(
      (object) => {
        if (isLate) void this.destroy(object)
      },
      (error: unknown) => {
        if (isLate) this.#report(error)
      },
    )
    return this.#within('create', making, () => {
      isLate = true
    })
  }

  async isValid(object: T): Promise<boolean> {
    try {
      const answer = this.#hooks.validate?.(object) ?? true
      return isPromise(answer) ? await this.#within('validate', answer) : answer
    } catch (error) {
      this.#report(error)
      return false
    }
  }

  async destroy(object: T): Promise<void> {
    try {
      const destroying = this.#hooks.destroy?.(object)
      if (isPromise(destroying)) await this.#within('destroy', destroying)
    } catch (error) {
      this.#report(error)
    }
  }

  destroysOn(error: unknown, object: T): boolean {
    try {
      const answer: unknown = this.#hooks.destroyOn?.(error, object) ?? true
      // Of an async function by mistake, whose rejection would end the process.
      if (isPromise(answer)) answer.then(undefined, this.#report)
      return Boolean(answer)
    } catch (failure) {
      this.#report(failure)
      return true
    }
  }

  /** The process lives on until the hook is done, as the pool waits for it. */
  #within<R>(hook: string, work: PromiseLike<R>, onOverdue?: () => void): Promise<R> {
    return new Promise((resolve, reject) => {
      const cancel = startTimer(this.#timeout, () => {
        onOverdue?.()
        const message = `${hook} did not finish within ${this.#timeout} ms`
        reject(new MemcacheTimeoutError(message, { written: false }))
      })
      work.then(resolve, reject)
      work.then(cancel, cancel)
    })
  }
}
