import type { PickleClass } from './classes.ts'
import { MalformedPickle } from './malformed-pickle.ts'
import { finishedValue } from './node-value.ts'
import { OPERATIONS } from './operations.ts'
import type { PickleInput } from './pickle-input.ts'
import { type PickleLimits, PickleMachine } from './pickle-machine.ts'

const STOP = 0x2e

/** The value of a pickle of any protocol. Nothing in it is run. @throws MalformedPickle */
export function readPickle(
  input: PickleInput,
  classes: ReadonlyMap<string, PickleClass>,
  limits: PickleLimits,
): unknown {
  const machine = new PickleMachine(input.length, limits)
  for (let code = input.uint8(); code !== STOP; code = input.uint8()) {
    const operation = OPERATIONS[code]
    if (operation === undefined) {
      throw new MalformedPickle(`is a pickle with operation ${code}, which is not data`)
    }
    operation(machine, input, classes)
  }
  if (!input.isAtEnd) throw new MalformedPickle('is a pickle with something behind it')
  return finishedValue(machine.result(), limits.maxDepth)
}
