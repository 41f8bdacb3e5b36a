import type { Script } from './server-load.ts'

const CRLF = '\r\n'
const KEYS = 1000
const VALUE = 'v'.repeat(100)

/** One command, and the length of its reply in bytes. */
type Entry = readonly [request: string, replyLength: number]

/** Loads of 1,000 keys with values of 100 bytes, all of which are there. */
export const SCRIPTS: Readonly<Record<string, Script>> = {
  'meta get': script(KEYS, metaGet),
  'meta set': script(KEYS, metaSet),
  'meta 9:1': script(KEYS, (i) => (i % 10 === 0 ? metaSet(i) : metaGet(i))),
  'text get': script(KEYS, textGet),
  'text set': script(KEYS, textSet),
  'text 9:1': script(KEYS, (i) => (i % 10 === 0 ? textSet(i) : textGet(i))),
}

/**
 * Values of 0 to 2,000 bytes that come to several times the limit, each under a key of its own, and
 * between them reads that keep some older items in use.
 */
export function churn(items: number, keptItems: number): Script {
  return script(items, (i) => {
    if (i % 5 === 0) return look(`kept:${(i / 5) % keptItems}`, i)
    return store(`churn:${i}`, (i * 7919) % 2001, i)
  })
}

/** What `churn` keeps in use, each among others that are not. */
export function keptItems(count: number): Script {
  return script(count * 10, (i) =>
    i % 10 === 0 ? store(`kept:${i / 10}`, 100, i) : store(`other:${i}`, 100, i),
  )
}

function script(count: number, entryOf: (i: number) => Entry): Script {
  const entries = Array.from({ length: count }, (_, i) => entryOf(i))
  return {
    requests: entries.map(([request]) => request),
    replyLengths: entries.map(([, replyLength]) => replyLength),
  }
}

function keyOf(i: number): string {
  return `key:${String(i).padStart(6, '0')}`
}

function metaGet(i: number): Entry {
  const reply = `VA ${VALUE.length} f0 O${i}${CRLF}${VALUE}${CRLF}`
  return [`mg ${keyOf(i)} v f O${i}${CRLF}`, reply.length]
}

function metaSet(i: number): Entry {
  return store(keyOf(i), VALUE.length, i)
}

function textGet(i: number): Entry {
  const reply = `VALUE ${keyOf(i)} 0 ${VALUE.length}${CRLF}${VALUE}${CRLF}END${CRLF}`
  return [`get ${keyOf(i)}${CRLF}`, reply.length]
}

function textSet(i: number): Entry {
  return [`set ${keyOf(i)} 0 0 ${VALUE.length}${CRLF}${VALUE}${CRLF}`, `STORED${CRLF}`.length]
}

function store(key: string, size: number, i: number): Entry {
  const request = `ms ${key} ${size} O${i}${CRLF}${'v'.repeat(size)}${CRLF}`
  return [request, `HD O${i}${CRLF}`.length]
}

/** A hit and a miss are of the same length. */
function look(key: string, i: number): Entry {
  return [`mg ${key} O${i}${CRLF}`, `HD O${i}${CRLF}`.length]
}
