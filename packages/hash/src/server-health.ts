/**
 * `healthy`: calls go out. `failing`: calls go out again once `retryTimeout` has passed since the last
 * failure. `dead`: none goes out until a probe has succeeded.
 */
export type ServerState = 'healthy' | 'failing' | 'dead'

/** When a server is given up, and for how long. Durations are milliseconds. */
export interface FailoverRules {
  /**
   * Failures in a row that a server may have after the first before it is dead: 0 makes the first one
   * fatal.
   *
   * @default 2
   */
  readonly retryAttempts: number
  /** After a failure the server is left alone for so long. @default 1000 */
  readonly retryTimeout: number
  /**
   * A dead server is left alone for so long, and up to a tenth longer, before each probe; for `retryTimeout`
   * while no server is healthy.
   *
   * @default 60000
   */
  readonly deadTimeout: number
}

/** How much longer than `deadTimeout` a server may stay dead, so that clients do not all return at once. */
const JITTER = 0.1

/** What a failure needs to be counted. */
export interface FailureFacts {
  /** The round in which the call began. */
  readonly round: number
  readonly now: number
  /** False when too many servers are dead already. */
  readonly mayDie: boolean
  /** A number from 0 to 1, below 1, for jitter. */
  readonly random: number
}

/**
 * What is known of one server from the outcome of its calls: a pure state machine. Time comes as an
 * argument, in milliseconds on a clock that never goes back, and chance as a number from 0 to 1.
 *
 * Only failures of the connection belong here; a server that answers with an error is well.
 */
export class ServerHealth {
  readonly #rules: FailoverRules
  #state: ServerState = 'healthy'
  #failures = 0
  #round = 0
  #lastError: Error | undefined
  /** The next call goes out, or the next probe is due, from this time on. */
  #resumesAt = 0
  #failedAt = 0
  #isProbed = false
  /** From a failed probe to the next. */
  #probeWait: number

  constructor(rules: FailoverRules) {
    this.#rules = rules
    this.#probeWait = rules.deadTimeout
  }

  get state(): ServerState {
    return this.#state
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures
  }

  /** The last failure; `undefined` while healthy. */
  get lastError(): Error | undefined {
    return this.#lastError
  }

  /** When the first probe or the next one of a dead server is due at the latest; `undefined` otherwise. */
  get deadUntil(): number | undefined {
    return this.#state === 'dead' ? this.#resumesAt : undefined
  }

  /**
   * Which calls fail together: a lost connection rejects every call in flight, and is one failure. A
   * call remembers the round in which it began.
   */
  get round(): number {
    return this.#round
  }

  /** The last failure when a call must not go out now. */
  refusal(now: number): Error | undefined {
    if (this.#state === 'healthy') return undefined
    return this.#state === 'dead' || now < this.#resumesAt ? this.#lastError : undefined
  }

  /** A call was answered. */
  succeeded(): void {
    // A late answer does not wake the dead: nobody would put the keys back.
    if (this.#state === 'failing') this.#recover()
  }

  /**
   * A call lost its connection.
   *
   * @returns whether the server is dead by this failure
   */
  failed(error: Error, { round, now, mayDie, random }: FailureFacts): boolean {
    if (round !== this.#round || this.#state === 'dead') return false
    this.#round++
    this.#count(error, now)
    if (this.#failures > this.#rules.retryAttempts && mayDie) {
      this.#bury(now, random)
      return true
    }
    this.#state = 'failing'
    this.#resumesAt = now + this.#rules.retryTimeout
    return false
  }

  /**
   * Whether a probe should start; answers yes once until that probe has ended.
   *
   * @param isOutage - no server is healthy: `retryTimeout` is the wait, since the dead are all there is
   */
  takeProbe(now: number, isOutage: boolean): boolean {
    if (this.#state !== 'dead' || this.#isProbed) return false
    const isDue = now >= this.#resumesAt || (isOutage && now >= this.#failedAt + this.#retryWait)
    this.#isProbed = isDue
    return isDue
  }

  /**
   * An outage of all servers is over: this one, if dead, is most likely back as well. It is probed at once,
   * then after `retryTimeout` and twice as long each time, up to `deadTimeout`.
   */
  outageEnded(): void {
    this.#probeWait = this.#retryWait
    this.#resumesAt = Number.NEGATIVE_INFINITY
  }

  probeSucceeded(): void {
    this.#recover()
  }

  probeFailed(error: Error, now: number, random: number): void {
    this.#count(error, now)
    this.#bury(now, random)
    this.#probeWait = Math.min(this.#probeWait * 2, this.#rules.deadTimeout)
  }

  get #retryWait(): number {
    return Math.min(this.#rules.retryTimeout, this.#rules.deadTimeout)
  }

  #count(error: Error, now: number): void {
    this.#failures++
    this.#lastError = error
    this.#failedAt = now
  }

  #recover(): void {
    this.#state = 'healthy'
    this.#failures = 0
    this.#lastError = undefined
    this.#isProbed = false
    this.#probeWait = this.#rules.deadTimeout
  }

  #bury(now: number, random: number): void {
    this.#state = 'dead'
    this.#isProbed = false
    this.#resumesAt = now + this.#probeWait * (1 + JITTER * random)
  }
}

/** How many servers may be dead at a time. */
export interface DeadLimits {
  /**
   * As many as there are lets the last one die too: until it is back calls reject at once, rather than try
   * it every `retryTimeout`.
   *
   * @default all but one
   */
  readonly maxDeadServers?: number | undefined
  /** Of all servers, from 0 to 1. @default 1 */
  readonly maxDeadShare?: number | undefined
}

/**
 * Whether one more of the servers may die. Past the limits failing servers keep their keys and are
 * tried again and again: when most seem dead, the fault is more likely on this side.
 */
export function mayOneMoreDie(
  dead: number,
  total: number,
  { maxDeadServers = total - 1, maxDeadShare = 1 }: DeadLimits,
): boolean {
  return dead < maxDeadServers && (dead + 1) / total <= maxDeadShare
}
