import { FIELD_NAMES, type FieldName } from '../commands/item-fields.ts'
import { MetaArithmeticCommand } from '../commands/meta-arithmetic.ts'
import { MetaDeleteCommand, MetaSetCommand } from '../commands/meta-change.ts'
import { MetaGetCommand } from '../commands/meta-get.ts'
import { storedFlags } from '../commands/reserved-flags.ts'
import { illegalInput } from '../errors.ts'
import { checkCas, checkFlags, checkInteger, toExptime, toUint64 } from '../integer.ts'
import type { WireKey } from '../key.ts'
import type { Expire, ItemKey } from '../memcache-client.ts'
import type {
  MetaArithmeticOptions,
  MetaDeleteOptions,
  MetaGetOptions,
  MetaSetOptions,
} from '../meta-methods.ts'
import type { Serde } from '../serde.ts'
import type { CommandBuilder } from './serialized-command.ts'

// What options of the meta commands are on the wire (PROTOCOL 1.5). Flags that do something come first: `N` goes
// before `t`, or 1.6.18 answers the TTL of what was just made one second short, and `t` behind `T` answers the new TTL.

/** What turns an `expire` into an exptime now. */
export type Now = () => number

const MODES = { set: '', add: ' ME', replace: ' MR', append: ' MA', prepend: ' MP' } as const
const MAX_INT32 = 2_147_483_647

export function metaGetCommand<V>(
  wire: WireKey,
  key: ItemKey,
  serde: Serde<V>,
  options: MetaGetOptions,
  now: Now,
): MetaGetCommand<V> {
  const { vivify, touch, recache, setCas, unlessCas, peek } = options
  if (setCas !== undefined && vivify === undefined) needs('setCas', 'vivify')
  const changes = expireFlag('N', vivify, now) + expireFlag('T', touch, now) + recacheFlag(recache)
  return new MetaGetCommand({
    name: 'metaGet',
    wire,
    key,
    serde: isAsked('value', options.value) ? serde : undefined,
    fields: askedFields(options),
    actions:
      changes + casFlag('E', setCas) + casFlag('C', unlessCas) + flag('u', isAsked('peek', peek)),
    isRead: changes === '',
  })
}

/** `inspect`: every field but the value, without counting as a read. */
export function inspectCommand(
  wire: WireKey,
  key: ItemKey,
  onWin: (wire: WireKey) => void,
): MetaGetCommand<never> {
  return new MetaGetCommand({
    name: 'inspect',
    wire,
    key,
    serde: undefined,
    fields: FIELD_NAMES,
    actions: ' u',
    isRead: true,
    onWin,
  })
}

/** What a `metaSet` comes to once its value is serialised. @throws MemcacheIllegalInputError for the options */
export function metaSetCommand(
  wire: WireKey,
  options: MetaSetOptions,
  now: Now,
): CommandBuilder<MetaSetCommand> {
  const { mode = 'set', expire, flags, ifCas, invalidate, vivify, setCas, keepTtl } = options
  if (!Object.hasOwn(MODES, mode)) {
    illegalInput(`mode must be one of ${Object.keys(MODES).join(', ')}, got ${String(mode)}`)
  }
  const adds = mode === 'append' || mode === 'prepend'
  if (vivify !== undefined && !adds) needs('vivify', 'mode append or prepend')
  if (isAsked('invalidate', invalidate) && ifCas === undefined) needs('invalidate', 'ifCas')
  if (isAsked('keepTtl', keepTtl)) {
    if (ifCas === undefined) needs('keepTtl', 'ifCas')
    if (expire !== undefined) illegalInput('keepTtl and expire cannot be given together')
  }
  const changes =
    MODES[mode] +
    expireFlag('N', vivify, now) +
    (expire === 0 ? '' : expireFlag('T', expire, now)) +
    casFlag('C', ifCas) +
    casFlag('E', setCas) +
    flag('I', invalidate === true)
  const own = flags === undefined ? undefined : checkFlags(flags)
  const fields = askedFields({ cas: options.cas, size: options.size })
  return (data, given) => {
    const clientFlags = storedFlags(own ?? checkFlags(given), data.length)
    const withFlags = clientFlags === 0 ? changes : `${changes} F${clientFlags}`
    return new MetaSetCommand(wire, data, withFlags, fields)
  }
}

export function metaDeleteCommand(
  wire: WireKey,
  options: MetaDeleteOptions,
  now: Now,
): MetaDeleteCommand {
  const { ifCas, invalidate, expire, dropValue, setCas } = options
  const stays = isAsked('invalidate', invalidate) || isAsked('dropValue', dropValue)
  if (expire !== undefined && invalidate !== true) needs('expire', 'invalidate')
  if (setCas !== undefined && !stays) needs('setCas', 'invalidate or dropValue')
  return new MetaDeleteCommand(
    wire,
    casFlag('C', ifCas) +
      flag('I', invalidate === true) +
      expireFlag('T', expire, now) +
      flag('x', dropValue === true) +
      casFlag('E', setCas),
  )
}

export function metaArithmeticCommand(
  wire: WireKey,
  options: MetaArithmeticOptions,
  now: Now,
): MetaArithmeticCommand {
  const { mode = 'incr', delta = 1, initial, expire, touch, ifCas, setCas } = options
  if (mode !== 'incr' && mode !== 'decr') {
    illegalInput(`mode must be incr or decr, got ${String(mode)}`)
  }
  if (expire !== undefined && initial === undefined) needs('expire', 'initial')
  const making =
    initial === undefined
      ? ''
      : `${expireFlag('N', expire ?? 0, now)} J${toUint64('initial', initial)}`
  return new MetaArithmeticCommand(
    wire,
    `${making}${expireFlag('T', touch, now)} D${toUint64('delta', delta)}` +
      flag('MD', mode === 'decr') +
      casFlag('C', ifCas) +
      casFlag('E', setCas),
    askedFields({ cas: options.cas, ttl: options.ttl }),
    typeof delta === 'bigint',
  )
}

function askedFields(
  options: {
    readonly [name in FieldName]?: boolean | undefined
  },
): FieldName[] {
  return FIELD_NAMES.filter((name) => isAsked(name, options[name]))
}

/** @throws MemcacheIllegalInputError unless it is a boolean or left out */
function isAsked(name: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== 'boolean') {
    illegalInput(`${name} must be a boolean, got ${value === null ? 'null' : typeof value}`)
  }
  return value === true
}

function flag(letters: string, isSet: boolean): string {
  return isSet ? ` ${letters}` : ''
}

function expireFlag(letter: string, expire: Expire | undefined, now: Now): string {
  return expire === undefined ? '' : ` ${letter}${toExptime(expire, now)}`
}

function casFlag(letter: string, cas: string | undefined): string {
  return cas === undefined ? '' : ` ${letter}${checkCas(cas)}`
}

function recacheFlag(seconds: number | undefined): string {
  return seconds === undefined ? '' : ` R${checkInteger('recache', seconds, 0, MAX_INT32)}`
}

function needs(option: string, other: string): never {
  illegalInput(`${option} needs ${other}`)
}
