import type { Socket } from 'node:net'
import { nextTurn } from '../timers.ts'
import type { FaultPlan, ScheduledFault } from './fault-plan.ts'
import { MessageScanner, type Piece } from './message-scanner.ts'
import type { MessageFault } from './network-fault.ts'

/** Bytes held back after which the sender is not read from any longer. */
const MAX_HELD = 1_048_576
const GARBAGE_LENGTH = 16

/** The connection that a stream is one direction of. */
export interface StreamOwner {
  /** TLS: what passes cannot be read. */
  readonly isEncrypted: boolean
  /** Whether an end that a socket reports is a reset. */
  wasReset(socket: Socket): boolean
  /** Resets both ends. */
  reset(): void
  /** Called when all that one direction carries has passed. */
  onEnd(): void
}

interface StreamParts {
  readonly source: Socket
  readonly target: Socket
  readonly direction: 'requests' | 'replies'
  readonly plan: FaultPlan
  readonly owner: StreamOwner
}

/** A fault that may happen to a message, so many bytes behind its start. */
interface Strike {
  readonly scheduled: ScheduledFault<MessageFault>
  readonly at: number
}

/** One direction of a connection: passes bytes on in their order, and what faults make of them. */
export class FaultyStream {
  readonly #source: Socket
  readonly #target: Socket
  readonly #direction: 'requests' | 'replies'
  readonly #plan: FaultPlan
  readonly #owner: StreamOwner
  readonly #scanner: MessageScanner
  readonly #held: { readonly bytes: Buffer; readonly arrived: number }[] = []
  #heldBytes = 0
  #isPassing = false
  #hasEnded = false
  /** Nothing more is passed on. */
  #isCut = false

  // Of the message that is passing:
  #offset = 0
  #index = 0
  #strikes: Strike[] = []
  #split: number | 'random' | undefined
  #isDropped = false

  /** Bytes to be written at once. */
  #out: Buffer[] = []

  constructor({ source, target, direction, plan, owner }: StreamParts) {
    this.#source = source
    this.#target = target
    this.#direction = direction
    this.#plan = plan
    this.#owner = owner
    this.#scanner = new MessageScanner(direction)
  }

  start(): void {
    this.#source.on('data', (bytes: Buffer) => {
      this.#held.push({ bytes, arrived: this.#plan.clock.now() })
      this.#heldBytes += bytes.length
      if (this.#heldBytes > MAX_HELD) this.#source.pause()
      void this.#passAll()
    })
    this.#source.on('end', () => {
      if (this.#owner.wasReset(this.#source)) {
        this.#isCut = true
        this.#owner.reset()
        return
      }
      this.#hasEnded = true
      void this.#passAll()
    })
  }

  async #passAll(): Promise<void> {
    if (this.#isPassing) return
    this.#isPassing = true
    for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
      await this.#pass(next.bytes, next.arrived)
      this.#heldBytes -= next.bytes.length
      if (this.#heldBytes <= MAX_HELD) this.#source.resume()
    }
    this.#isPassing = false
    if (!this.#hasEnded) return
    if (!this.#isCut) this.#target.end()
    this.#owner.onEnd()
  }

  async #pass(bytes: Buffer, arrived: number): Promise<void> {
    if (this.#isCut) return
    if (this.#owner.isEncrypted) {
      await this.#passPiece(
        { bytes, starts: true, ends: true, data: 0, known: bytes.length },
        arrived,
      )
    } else {
      for (const piece of this.#scanner.push(bytes)) {
        if (piece.starts) this.#index = this.#plan.counts[COUNTED[this.#direction]]++
        const passing = this.#passPiece(piece, arrived)
        // Most pieces meet nothing, and then nothing is to be waited for.
        if (passing !== undefined) await passing
        if (this.#isCut) return
      }
    }
    await this.#flush()
  }

  #passPiece(piece: Piece, arrived: number): Promise<void> | undefined {
    if (piece.starts) this.#begin(piece)
    if (piece.data > 0) this.#meetValue(piece)
    if (this.#strikes.length > 0 || this.#split !== undefined) {
      return this.#passStruck(piece, arrived)
    }
    if (!this.#isDropped) this.#out.push(piece.bytes)
    this.#offset += piece.bytes.length
    return undefined
  }

  #begin({ known }: Piece): void {
    this.#offset = 0
    this.#split = undefined
    this.#isDropped = false
    if (this.#plan.isIdle) return
    const due = this.#plan.dueAt(this.#direction, this.#index, false)
    this.#strikes = due.map((scheduled) => ({
      scheduled,
      at:
        'at' in scheduled.fault && scheduled.fault.at === 'anywhere'
          ? Math.floor(this.#plan.random() * known)
          : 0,
    }))
    this.#strikes.sort((a, b) => a.at - b.at)
  }

  #meetValue({ data }: Piece): void {
    if (this.#plan.isIdle) return
    const at = this.#offset + (data >> 1)
    for (const scheduled of this.#plan.dueAt(this.#direction, this.#index, true)) {
      this.#strikes.push({ scheduled, at })
    }
    this.#strikes.sort((a, b) => a.at - b.at)
  }

  async #passStruck({ bytes }: Piece, arrived: number): Promise<void> {
    let passed = 0
    for (let [strike] = this.#strikes; strike !== undefined; [strike] = this.#strikes) {
      const upTo = strike.at - this.#offset
      if (upTo >= bytes.length) break
      await this.#emit(bytes.subarray(passed, upTo))
      passed = upTo
      this.#strikes.shift()
      if (this.#plan.strikes(strike.scheduled)) await this.#apply(strike.scheduled, arrived)
      if (this.#isCut) return
    }
    await this.#emit(bytes.subarray(passed))
    this.#offset += bytes.length
  }

  async #apply(scheduled: ScheduledFault<MessageFault>, arrived: number): Promise<void> {
    const { fault } = scheduled
    const { clock, random } = this.#plan
    await this.#flush()
    switch (fault.kind) {
      case 'split':
        this.#split = fault.size ?? 1
        return
      case 'delay': {
        const left = arrived + fault.milliseconds - clock.now()
        if (left > 0) await Promise.race([clock.sleep(left), scheduled.removed])
        return
      }
      case 'stall':
        await scheduled.over(clock)
        return
      case 'drop':
        this.#isDropped = true
        this.#isCut = fault.rest ?? false
        return
      case 'reset':
        this.#isCut = true
        // A runtime that finds bytes and the reset behind them at once may take it for an orderly end.
        await turns(3)
        this.#owner.reset()
        return
      case 'half-close':
        this.#isCut = true
        this.#target.end()
        return
      case 'garbage':
        this.#out.push(
          Buffer.from(fault.bytes ?? Array.from({ length: GARBAGE_LENGTH }, () => random() * 256)),
        )
    }
  }

  async #emit(bytes: Buffer): Promise<void> {
    if (this.#isDropped || bytes.length === 0) return
    this.#out.push(bytes)
    if (this.#split === undefined) return
    await this.#flush()
  }

  async #flush(): Promise<void> {
    if (this.#out.length === 0) return
    const bytes = this.#out.length === 1 ? (this.#out[0] as Buffer) : Buffer.concat(this.#out)
    this.#out = []
    if (this.#split === undefined) return this.#write(bytes)
    for (let at = 0; at < bytes.length; ) {
      const left = bytes.length - at
      const size =
        this.#split === 'random' ? 1 + Math.floor(this.#plan.random() * left) : this.#split
      await this.#write(bytes.subarray(at, at + size))
      at += size
      await turns(2)
    }
  }

  /** Resolves when more may be written, or nothing can be any longer. */
  async #write(bytes: Buffer): Promise<void> {
    const target = this.#target
    if (target.destroyed || target.writableEnded || target.write(bytes)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        target.off('drain', done).off('close', done)
        resolve()
      }
      target.on('drain', done).on('close', done)
    })
  }
}

/** Turns of the event loop: from the second on, sockets of this process have read what was written. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

const COUNTED = { requests: 'commands', replies: 'replies' } as const
