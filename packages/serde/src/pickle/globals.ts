import type { PickleClass } from './classes.ts'
import { MalformedPickle } from './malformed-pickle.ts'
import { type PickleMachine, wrongKind } from './pickle-machine.ts'
import { GlobalNode, InstanceNode, ListNode, SetNode } from './pickle-node.ts'

/** What a class or function of Python does with arguments, here. Nothing of Python is ever run. */
export type Reduce = (machine: PickleMachine, args: readonly unknown[]) => unknown

/** How protocols below 4 write kinds of data for which they have no operation. */
const BUILTINS: ReadonlyMap<string, Reduce> = new Map([
  ['builtins.set', (machine, args) => new SetNode(copiedItems(machine, args))],
  ['builtins.frozenset', (machine, args) => new SetNode(copiedItems(machine, args))],
  ['builtins.bytes', (machine, args) => bytesOf(machine, args)],
  ['builtins.bytearray', (machine, args) => bytesOf(machine, args)],
  ['_codecs.encode', (machine, args) => bytesOf(machine, args)],
  ['copyreg._reconstructor', (_, args) => reconstructed(args)],
] satisfies [string, Reduce][])

const PYTHON_2_MODULES: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
])

/** A class or function that a pickle may name, with what it does. */
export class Callable extends GlobalNode {
  readonly reduce: Reduce

  constructor(name: string, create: PickleClass | undefined, reduce?: Reduce) {
    super(name, create)
    this.reduce = reduce ?? ((_, args) => new InstanceNode(this, new ListNode([...args])))
  }
}

/** @throws MalformedPickle for all but data and the classes given */
export function callable(
  module: string,
  name: string,
  classes: ReadonlyMap<string, PickleClass>,
): Callable {
  const path = `${PYTHON_2_MODULES.get(module) ?? module}.${name}`
  const create = classes.get(path)
  const reduce = BUILTINS.get(path)
  if (create !== undefined || reduce !== undefined || path === 'builtins.object') {
    return new Callable(path, create, reduce)
  }
  throw new MalformedPickle(
    `is a pickle with ${shownPath(path)}, which is not read: only data and the classes of the option classes are`,
  )
}

function shownPath(path: string): string {
  return /^[\w.<>]{1,200}$/.test(path) ? path : 'a class of unprintable name'
}

function copiedItems(machine: PickleMachine, [list]: readonly unknown[]): unknown[] {
  if (list === undefined) return []
  if (!(list instanceof ListNode)) throw wrongKind()
  machine.copy(list.value.length)
  return [...list.value]
}

/** Bytes as they are, or from text of which each character is a byte. */
function bytesOf(machine: PickleMachine, [source = '', encoding]: readonly unknown[]): Buffer {
  if (Buffer.isBuffer(source)) return source
  const isLatin1 = encoding === 'latin1' || encoding === 'latin-1' || source === ''
  if (typeof source !== 'string' || !isLatin1) throw wrongKind()
  machine.copy(source.length)
  return Buffer.from(source, 'latin1')
}

/** How protocols 0 and 1 make an instance: of a class, by way of its base, from that base's state. */
function reconstructed([of, base, state]: readonly unknown[]): unknown {
  const isPlain = base instanceof Callable && base.name === 'builtins.object' && state === null
  if (!(of instanceof Callable) || !isPlain) throw wrongKind()
  return new InstanceNode(of, new ListNode())
}
