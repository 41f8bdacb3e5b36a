import { describe, expect, it, vi } from 'vitest'
import { stall, stallUntilSettled, turns } from '../../../test-support/event-loop.ts'
import { MemcacheTimeoutError, type WriteOptions } from '../src/index.ts'
import { Deadline, startTimer } from '../src/toolkit.ts'

describe('Deadline', () => {
  it('gives each step what is left of the time', () => {
    let now = 1000
    const deadline = new Deadline(300, undefined, () => now)
    expect(deadline.step<WriteOptions>({ noreply: true })).toEqual({ noreply: true, timeout: 300 })
    now += 100
    expect(deadline.step().timeout).toBe(200)
    now += 200
    expect(() => deadline.step()).toThrow(
      expect.objectContaining({ code: 'MEMCACHE_TIMEOUT', written: false }),
    )
  })

  it('gives each step the signal, and none once that has aborted', () => {
    const controller = new AbortController()
    const deadline = new Deadline(300, controller.signal)
    expect(deadline.step().signal).toBe(controller.signal)
    controller.abort(new Error('enough'))
    expect(() => deadline.step()).toThrow('enough')
  })

  it('lets work settle in time', async () => {
    const deadline = new Deadline(30_000)
    await expect(deadline.bound(Promise.resolve(7))).resolves.toBe(7)
    await expect(deadline.bound(Promise.reject(new Error('no')))).rejects.toThrow('no')
  })

  it('ends the wait for work that never settles', async () => {
    const never = new Promise(() => {})
    await expect(new Deadline(5).bound(never)).rejects.toBeInstanceOf(MemcacheTimeoutError)
    const controller = new AbortController()
    const bound = new Deadline(30_000, controller.signal).bound(never)
    controller.abort(new Error('enough'))
    await expect(bound).rejects.toThrow('enough')
    await expect(new Deadline(30_000, controller.signal).bound(never)).rejects.toThrow('enough')
  })

  it('gets the time back, once, in which the process stood still', async () => {
    const deadline = new Deadline(200)
    const bound = deadline.bound(turns(5))
    stall(400)
    await bound
    expect(deadline.step().timeout).toBeGreaterThan(0)
    const never = deadline.bound(new Promise(() => {}))
    await stallUntilSettled(expect(never).rejects.toBeInstanceOf(MemcacheTimeoutError))
  })

  it('works under fake timers', async () => {
    vi.useFakeTimers()
    try {
      await expect(new Deadline(5).bound(new Promise(() => {}))).rejects.toThrow('within 5 ms')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('startTimer', () => {
  it('fires behind what the loop had to do after a stall', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      startTimer(5, () => {
        order.push('timer')
        resolve()
      })
      setTimeout(() => setImmediate(() => order.push('work')), 1)
      stall(20)
    })
    expect(order).toEqual(['work', 'timer'])
  })
})
