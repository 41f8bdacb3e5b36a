import type { Clock } from './clock.ts'
import { ActiveFault, type InjectedFault } from './injected-fault.ts'
import {
  checkNetworkFault,
  type MessageFault,
  type NetworkFault,
  type NetworkSchedule,
  needsToRead,
  type RefuseFault,
  UNREADABLE,
} from './network-fault.ts'

/** What a proxy has seen, and how often each kind of fault has happened. */
export interface FaultCounts extends Readonly<Record<NetworkFault['kind'], number>> {
  /** Connections accepted, refused ones included. */
  readonly connections: number
  /** Commands that came from clients. Not counted over TLS. */
  readonly commands: number
  /** Replies that came from the server. Not counted over TLS. */
  readonly replies: number
}

/** A fault of the network that is at work, with where it started to count. */
export class ScheduledFault<F extends NetworkFault = NetworkFault> extends ActiveFault<F> {
  readonly #commands: number
  readonly #replies: number
  readonly #start: number
  readonly #end: number

  constructor(fault: F, counts: FaultCounts, now: number, onRemove: () => void) {
    super(fault, onRemove)
    const { afterCommands = 0, afterReplies = 0 }: NetworkSchedule = fault
    const { afterMilliseconds = 0, forMilliseconds = Number.POSITIVE_INFINITY } = fault
    this.#commands = counts.commands + afterCommands
    this.#replies = counts.replies + afterReplies
    this.#start = now + afterMilliseconds
    this.#end = this.#start + forMilliseconds
  }

  isDue(commands: number, replies: number, now: number): boolean {
    return (
      commands >= this.#commands &&
      replies >= this.#replies &&
      now >= this.#start &&
      now < this.#end
    )
  }

  /** Resolves when the fault is over: removed, or at the end of its time. */
  async over(clock: Clock): Promise<void> {
    const left = this.#end - clock.now()
    await (left === Number.POSITIVE_INFINITY
      ? this.removed
      : Promise.race([this.removed, clock.sleep(left)]))
  }
}

/** The faults of one proxy: which are at work, and what they did. */
export class FaultPlan {
  readonly counts: { -readonly [name in keyof FaultCounts]: number } = {
    connections: 0,
    commands: 0,
    replies: 0,
    split: 0,
    delay: 0,
    stall: 0,
    drop: 0,
    reset: 0,
    'half-close': 0,
    garbage: 0,
    refuse: 0,
  }
  readonly clock: Clock
  readonly random: () => number
  readonly #faults = new Set<ScheduledFault>()
  #isEncrypted = false

  constructor(clock: Clock, random: () => number) {
    this.clock = clock
    this.random = random
  }

  get isIdle(): boolean {
    return this.#faults.size === 0
  }

  /** @throws TypeError or RangeError for what is no fault */
  inject(fault: NetworkFault): InjectedFault {
    checkNetworkFault(fault, this.#isEncrypted)
    const copy = { ...fault }
    const scheduled = new ScheduledFault(copy, this.counts, this.clock.now(), () =>
      this.#faults.delete(scheduled),
    )
    this.#faults.add(scheduled)
    return scheduled
  }

  clear(): void {
    for (const fault of this.#faults) fault.remove()
  }

  /** TLS passes here: faults that have to read it can never happen. */
  onEncrypted(): void {
    this.#isEncrypted = true
    for (const scheduled of this.#faults) {
      if (needsToRead(scheduled.fault)) scheduled.remove(UNREADABLE)
    }
  }

  /** Whether a new connection is refused. */
  refuses(): boolean {
    const due = this.#due((fault): fault is RefuseFault => fault.kind === 'refuse')
    return due.some((scheduled) => this.strikes(scheduled))
  }

  /**
   * The faults that may happen to a message.
   *
   * @param index - number of the message among those of its direction
   * @param atValue - those that wait for its value, or all others
   */
  dueAt(
    direction: 'requests' | 'replies',
    index: number,
    atValue: boolean,
  ): readonly ScheduledFault<MessageFault>[] {
    return this.#due(
      (fault): fault is MessageFault =>
        fault.kind !== 'refuse' &&
        (fault.direction ?? 'replies') === direction &&
        ('at' in fault && fault.at === 'value') === atValue,
      direction === 'requests' ? { commands: index } : { replies: index },
    )
  }

  /** Whether a fault that is due happens. */
  strikes(scheduled: ScheduledFault): boolean {
    const { fault } = scheduled
    if (this.random() >= (fault.chance ?? 1) || !scheduled.strikes()) return false
    this.counts[fault.kind]++
    return true
  }

  #due<F extends NetworkFault>(
    concerns: (fault: NetworkFault) => fault is F,
    { commands = this.counts.commands, replies = this.counts.replies } = {},
  ): readonly ScheduledFault<F>[] {
    const now = this.clock.now()
    return [...this.#faults].filter(
      (scheduled): scheduled is ScheduledFault<F> =>
        concerns(scheduled.fault) && scheduled.isDue(commands, replies, now),
    )
  }
}
