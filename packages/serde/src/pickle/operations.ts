import type { PickleClass } from './classes.ts'
import { Callable, callable } from './globals.ts'
import { MalformedPickle } from './malformed-pickle.ts'
import type { PickleInput } from './pickle-input.ts'
import { type PickleMachine, wrongKind } from './pickle-machine.ts'
import { DictNode, InstanceNode, ListNode, SetNode } from './pickle-node.ts'
import { decodeInt, parseIntText } from './python-int.ts'
import { decodeAscii, decodeQuoted, decodeRawUnicodeEscape, decodeStr } from './python-text.ts'

/** One operation of the pickle format. */
export type Operation = (
  machine: PickleMachine,
  input: PickleInput,
  classes: ReadonlyMap<string, PickleClass>,
) => void

type Read = (input: PickleInput) => unknown

const HIGHEST_PROTOCOL = 5

const push =
  (read: Read): Operation =>
  (machine, input) =>
    machine.push(read(input))

const str =
  (length: (input: PickleInput) => number): Read =>
  (input) =>
    decodeStr(input.bytes(length(input)))

const bytes =
  (length: (input: PickleInput) => number): Read =>
  (input) =>
    Buffer.from(input.bytes(length(input)))

const ascii =
  (length: (input: PickleInput) => number): Read =>
  (input) =>
    decodeAscii(input.bytes(length(input)).toString('latin1'))

const tuple =
  (count: number): Operation =>
  (machine) =>
    machine.push(new ListNode(machine.popMany(count)))

/** Each operation by its byte, as the documentation of Python's `pickletools` has them. */
const BY_BYTE: Readonly<Record<string, Operation>> = {
  // Scalars
  N: push(() => null),
  '\x88': push(() => true),
  '\x89': push(() => false),
  I: push((input) => intOrBool(input.line())),
  J: push((input) => input.int32()),
  K: push((input) => input.uint8()),
  M: push((input) => input.uint16()),
  L: push((input) => parseIntText(input.line())),
  '\x8a': push((input) => decodeInt(input.bytes(input.uint8()))),
  '\x8b': push((input) => decodeInt(input.bytes(input.uint32()))),
  F: push((input) => parseFloatText(input.line())),
  G: push((input) => input.float64()),

  // Text and bytes
  V: push((input) => decodeRawUnicodeEscape(input.line())),
  X: push(str((input) => input.uint32())),
  '\x8c': push(str((input) => input.uint8())),
  '\x8d': push(str((input) => input.uint64())),
  B: push(bytes((input) => input.uint32())),
  C: push(bytes((input) => input.uint8())),
  '\x8e': push(bytes((input) => input.uint64())),
  '\x96': push(bytes((input) => input.uint64())),
  S: push((input) => decodeQuoted(input.line())),
  T: push(ascii((input) => input.uint32())),
  U: push(ascii((input) => input.uint8())),

  // Containers
  ']': push(() => new ListNode()),
  l: (machine) => machine.push(new ListNode(machine.popToMark())),
  a: (machine) => append(machine, [machine.pop()]),
  e: (machine) => append(machine, machine.popToMark()),
  ')': push(() => new ListNode()),
  t: (machine) => machine.push(new ListNode(machine.popToMark())),
  '\x85': tuple(1),
  '\x86': tuple(2),
  '\x87': tuple(3),
  '}': push(() => new DictNode()),
  d: (machine) => machine.push(new DictNode(machine.popToMark())),
  s: (machine) => addAll(machine.popMany(2), machine.topOf(DictNode)),
  u: (machine) => addAll(machine.popToMark(), machine.topOf(DictNode)),
  '\x8f': push(() => new SetNode()),
  '\x90': (machine) => addAll(machine.popToMark(), machine.topOf(SetNode)),
  '\x91': (machine) => machine.push(new SetNode(machine.popToMark())),

  // Stack and memo
  '(': (machine) => machine.mark(),
  '0': (machine) => machine.discard(),
  '1': (machine) => void machine.popToMark(),
  '2': (machine) => machine.push(machine.top),
  p: (machine, input) => machine.memoize(index(input.line())),
  q: (machine, input) => machine.memoize(input.uint8()),
  r: (machine, input) => machine.memoize(input.uint32()),
  '\x94': (machine) => machine.memoize(),
  g: (machine, input) => machine.pushMemo(index(input.line())),
  h: (machine, input) => machine.pushMemo(input.uint8()),
  j: (machine, input) => machine.pushMemo(input.uint32()),

  // Classes by name
  c(machine, input, classes) {
    const module = input.line()
    machine.push(callable(module, input.line(), classes))
  },
  '\x93'(machine, _, classes) {
    const name = machine.popText()
    machine.push(callable(machine.popText(), name, classes))
  },
  i(_, input, classes) {
    const module = input.line()
    callable(module, input.line(), classes)
    throw new MalformedPickle('is a pickle with an instance of a class of Python 2')
  },
  R(machine) {
    const args = machine.popList()
    const called = machine.pop()
    if (!(called instanceof Callable)) throw wrongKind()
    machine.push(called.reduce(machine, args.value))
  },
  '\x81'(machine) {
    const args = machine.popList()
    const of = machine.pop()
    if (!(of instanceof Callable)) throw wrongKind()
    machine.push(new InstanceNode(of, args))
  },
  b(machine) {
    const state = machine.pop()
    machine.topOf(InstanceNode).state = state
  },

  // Framing
  '\x80'(_, input) {
    const protocol = input.uint8()
    if (protocol <= HIGHEST_PROTOCOL) return
    throw new MalformedPickle(
      `is a pickle of protocol ${protocol}, and ${HIGHEST_PROTOCOL} is the highest that is read`,
    )
  },
  '\x95': (_, input) => void input.uint64(),
}

/** The operations by the number of their byte. */
export const OPERATIONS: readonly (Operation | undefined)[] = Array.from(
  { length: 256 },
  (_, code) => BY_BYTE[String.fromCharCode(code)],
)

function append(machine: PickleMachine, items: readonly unknown[]): void {
  const { value } = machine.topOf(ListNode)
  for (const item of items) value.push(item)
}

function addAll(items: readonly unknown[], container: DictNode | SetNode): void {
  for (const item of items) container.items.push(item)
}

function intOrBool(line: string): unknown {
  if (line === '00') return false
  if (line === '01') return true
  return parseIntText(line)
}

function parseFloatText(line: string): number {
  const word = /^([+-]?)(?:inf|nan)$/.exec(line)
  if (word !== null)
    return line.endsWith('nan') ? Number.NaN : word[1] === '-' ? -Infinity : Infinity
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(line)) {
    throw new MalformedPickle('is a pickle with a malformed float')
  }
  return Number(line)
}

function index(line: string): number {
  if (!/^\d{1,10}$/.test(line)) throw new MalformedPickle('is a pickle with a malformed index')
  return Number(line)
}
