import { checkFault } from './check-fault.ts'
import type { Occurrence } from './injected-fault.ts'

/**
 * When a fault of the network happens. All conditions given must hold; without any it happens from now
 * on until it is removed. Commands and replies are counted over all connections.
 */
export interface NetworkSchedule extends Occurrence {
  /** So many commands pass first. @default 0 */
  readonly afterCommands?: number | undefined
  /** So many replies pass first. @default 0 */
  readonly afterReplies?: number | undefined
  /** It starts so many milliseconds later. @default 0 */
  readonly afterMilliseconds?: number | undefined
  /** It ends so many milliseconds after its start. @default never */
  readonly forMilliseconds?: number | undefined
  /** Chance that it happens where it could, from 0 to 1. @default 1 */
  readonly chance?: number | undefined
}

/** A fault that meets messages: commands on their way to the server, or replies on their way back. */
export interface MessageSchedule extends NetworkSchedule {
  /** @default 'replies' */
  readonly direction?: 'requests' | 'replies' | undefined
}

/**
 * Where in the message it happens: before its first byte, in the middle of its value (messages without
 * one are left alone), or anywhere.
 *
 * @default 'start'
 */
export type Place = 'start' | 'value' | 'anywhere'

/** The message arrives in many pieces. */
export interface SplitFault extends MessageSchedule {
  readonly kind: 'split'
  /** Bytes of each piece, or pieces of any length. @default 1 */
  readonly size?: number | 'random' | undefined
}

/** The message is so much longer on its way, or what is left of it; what follows waits behind it. */
export interface DelayFault extends MessageSchedule {
  readonly kind: 'delay'
  readonly milliseconds: number
  readonly at?: Place | undefined
}

/** Nothing goes on until the fault is removed, or its time is over. */
export interface StallFault extends MessageSchedule {
  readonly kind: 'stall'
  readonly at?: Place | undefined
}

/** The message is lost. */
export interface DropFault extends MessageSchedule {
  readonly kind: 'drop'
  /** All that follows on the same connection is lost as well. @default false */
  readonly rest?: boolean | undefined
}

/** Both ends of the connection are reset. */
export interface ResetFault extends MessageSchedule {
  readonly kind: 'reset'
  readonly at?: Place | undefined
}

/** This direction of the connection is closed in good order; what else is sent on it is lost. */
export interface HalfCloseFault extends MessageSchedule {
  readonly kind: 'half-close'
  readonly at?: Place | undefined
}

/** Bytes that nobody has sent are put in. */
export interface GarbageFault extends MessageSchedule {
  readonly kind: 'garbage'
  readonly at?: Place | undefined
  /** @default 16 random bytes */
  readonly bytes?: string | Uint8Array | undefined
}

/** A new connection is reset as soon as it is there. */
export interface RefuseFault extends NetworkSchedule {
  readonly kind: 'refuse'
}

export type MessageFault =
  | SplitFault
  | DelayFault
  | StallFault
  | DropFault
  | ResetFault
  | HalfCloseFault
  | GarbageFault

/** What a `FaultProxy` can be told to do. */
export type NetworkFault = MessageFault | RefuseFault

const NETWORK = [
  'times',
  'chance',
  'afterCommands',
  'afterReplies',
  'afterMilliseconds',
  'forMilliseconds',
]
const MESSAGE = [...NETWORK, 'direction']

/** The kinds, with the options that each has. */
const NETWORK_FAULTS: Readonly<Record<NetworkFault['kind'], readonly string[]>> = {
  split: [...MESSAGE, 'size'],
  delay: [...MESSAGE, 'milliseconds', 'at'],
  stall: [...MESSAGE, 'at'],
  drop: [...MESSAGE, 'rest'],
  reset: [...MESSAGE, 'at'],
  'half-close': [...MESSAGE, 'at'],
  garbage: [...MESSAGE, 'at', 'bytes'],
  refuse: NETWORK,
}

/**
 * Refuses what is no fault, or cannot happen.
 *
 * @param isEncrypted - what passes cannot be read
 * @throws TypeError or RangeError that says what is wrong and what is allowed
 */
export function checkNetworkFault(fault: NetworkFault, isEncrypted: boolean): void {
  checkFault(fault, NETWORK_FAULTS)
  if (isEncrypted && needsToRead(fault)) throw new TypeError(UNREADABLE)
}

/** Whether it counts commands, replies or values, rather than by bytes. */
export function needsToRead(fault: NetworkFault): boolean {
  const { afterCommands, afterReplies } = fault
  const atValue = 'at' in fault && fault.at === 'value'
  return afterCommands !== undefined || afterReplies !== undefined || atValue
}

export const UNREADABLE =
  "over TLS a fault can have no afterCommands, no afterReplies and no at: 'value', since what passes cannot be read"
