import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import { Fifo } from '../src/fifo.ts'

type Step = 'push' | 'unshift' | 'shift'

test('a Fifo answers as an array does, whatever is put in and taken out', () => {
  const step = fc.oneof<fc.WeightedArbitrary<Step>[]>(
    { weight: 6, arbitrary: fc.constant('push') },
    { weight: 1, arbitrary: fc.constant('unshift') },
    { weight: 5, arbitrary: fc.constant('shift') },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 500 }), (steps) => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      for (const [i, name] of steps.entries()) {
        if (name === 'shift') expect(fifo.shift()).toBe(model.shift())
        else {
          fifo[name](i)
          model[name](i)
        }
        expect([fifo.length, fifo.peek()]).toEqual([model.length, model[0]])
      }
      expect([...fifo]).toEqual(model)
      expect(model.map((_, i) => fifo.at(i))).toEqual(model)
    }),
    { numRuns: runs(100, 2000), seed },
  )
})
