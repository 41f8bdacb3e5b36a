import type { StatValue } from './memcache-client.ts'

/** Text whatever it looks like: names that the operator chose, and versions. */
const TEXTS: ReadonlySet<string> = new Set([
  'domain_socket',
  'inter',
  'libevent',
  'memory_file',
  'ssl_ca_cert',
  'ssl_chain_cert',
  'ssl_ciphers',
  'ssl_key',
  'stat_key_prefix',
  'version',
])

const FLOATS: ReadonlySet<string> = new Set(['growth_factor', 'rusage_system', 'rusage_user'])

/** Booleans that servers say, or once said, by number. */
const BOOLEANS: ReadonlySet<string> = new Set([
  'cas_enabled',
  'detail_enabled',
  'hash_is_expanding',
  'maxconns_fast',
  'slab_automove',
  'slab_reassign',
  'slab_reassign_running',
])

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['on', true],
  ['no', false],
  ['off', false],
])

/**
 * Name and value of a line of statistics, and `undefined` for any other line. Only the first two
 * spaces separate: `STAT name any text`. `ITEM` lines (`stats cachedump`) and `PREFIX` lines (`stats
 * detail dump`) keep what follows the name as text.
 */
export function parseStatLine(line: string): readonly [name: string, value: StatValue] | undefined {
  const match = /^(STAT|ITEM|PREFIX) ([^ ]*) ?(.*)$/s.exec(line)
  if (match === null) return undefined
  const [, word, name = '', text = ''] = match
  return [name, word === 'STAT' ? statValue(name, text) : text]
}

/**
 * The value of a statistic: integers as number, past 2^53 as bigint; `yes`, `no`, `on` and `off` as
 * boolean; `rusage_user`, `rusage_system` (also as `seconds:microseconds`) and `growth_factor` as
 * fractions; `umask` read as octal. Everything else, and what its name promises not to convert, is
 * the text that the server sent.
 */
export function statValue(name: string, text: string): StatValue {
  if (TEXTS.has(name)) return text
  if (name === 'umask') return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : text
  if (FLOATS.has(name)) return floatValue(text)
  const word = WORDS.get(text)
  if (word !== undefined) return word
  if (!/^-?\d+$/.test(text)) return text
  if (BOOLEANS.has(name)) return Number(text) !== 0
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

/** Old servers print `seconds:microseconds`, the second part padded with zeros. */
function floatValue(text: string): StatValue {
  const decimal = text.replace(':', '.')
  return /^-?\d+(\.\d+)?$/.test(decimal) ? Number(decimal) : text
}
