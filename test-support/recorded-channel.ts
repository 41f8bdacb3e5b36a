import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, onTestFinished } from 'vitest'

/** The test that makes a call: calls of earlier tests, and of other files in the process, may still settle. */
const CALLER = new AsyncLocalStorage<string | undefined>()

/** Tells, where something is published, whether a call that this test makes from now on has led to it. */
export function ownCalls(): () => boolean {
  const { currentTestName } = expect.getState()
  CALLER.enterWith(currentTestName)
  return () => CALLER.getStore() === currentTestName
}

/** What calls of this test publish on a channel from now on, as it was then. */
export function recordCalls<T extends object>(channel: string): T[] {
  return recordEvents<T>(channel, ownCalls())
}

/** What is published on a channel about something of this test, which no call may have led to. */
export function recordEvents<T extends object>(channel: string, isOwn: (event: T) => boolean): T[] {
  const events: T[] = []
  const note = (event: unknown): void => {
    if (isOwn(event as T)) events.push({ ...(event as T) })
  }
  subscribe(channel, note)
  onTestFinished(() => void unsubscribe(channel, note))
  return events
}
