type Calls = readonly (() => Promise<unknown>)[]
type Outcomes<T extends Calls> = {
  -readonly [I in keyof T]: PromiseSettledResult<Awaited<ReturnType<T[I]>>>
}
type Answers<T extends Calls> = { -readonly [I in keyof T]: Awaited<ReturnType<T[I]>> }

/**
 * Makes calls in one turn, and resolves with the outcome of each. A rule that kept the promises to itself
 * would leave their rejections unhandled when it fails at the first of them, or when a later call throws.
 */
export function outcomesOf<const T extends Calls>(calls: T): Promise<Outcomes<T>> {
  return Promise.allSettled(calls.map(async (call) => call())) as Promise<Outcomes<T>>
}

/** Makes calls in one turn, and resolves with their answers. */
export function answersOf<const T extends Calls>(calls: T): Promise<Answers<T>> {
  return Promise.all(calls.map(async (call) => call())) as Promise<Answers<T>>
}

/** The answer of a call. @throws what the call rejected with */
export function answerOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'rejected') throw outcome.reason
  return outcome.value
}
