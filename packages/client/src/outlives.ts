import { setTimeout } from 'node:timers/promises'
import type { Address } from '@mc/protocol'
import type { Deadline } from '@mc/protocol/toolkit'
import { net } from './socket.ts'

/** Milliseconds between two looks. */
const INTERVAL = 20

/** Whether somebody still accepts connections at the address when the time is over. */
export async function outlives(address: Address, deadline: Deadline): Promise<boolean> {
  while (await isAccepting(address, deadline.left)) {
    deadline.signal?.throwIfAborted()
    if (deadline.left === 0) return true
    await setTimeout(INTERVAL)
  }
  return false
}

function isAccepting(address: Address, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net().connect('path' in address ? { path: address.path } : { ...address })
    const settle = (isAccepted: boolean): void => {
      socket.destroy()
      resolve(isAccepted)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
    socket.setTimeout(Math.max(INTERVAL, timeout), () => settle(false))
  })
}
