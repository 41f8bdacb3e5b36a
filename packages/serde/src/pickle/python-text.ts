import { isWellFormed } from '../text.ts'
import { MalformedPickle } from './malformed-pickle.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A surrogate in the form that Python writes it in, with `surrogatepass`; never part of valid UTF-8. */
const ENCODED_SURROGATE = /(\xed[\xa0-\xbf][\x80-\xbf])/
const LONE_SURROGATE = /(\p{Surrogate})/u

/** Text from UTF-8 which may have surrogates, as a Python str may. */
export function decodeStr(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  if (!text.includes('\ufffd')) return text
  // Every second piece is a surrogate.
  const pieces = bytes.toString('latin1').split(ENCODED_SURROGATE)
  return pieces
    .map((piece, i) => (i % 2 === 1 ? decodeSurrogate(piece) : decodeUtf8(piece)))
    .join('')
}

/** UTF-8, with surrogates where the text has lone ones. */
export function encodeStr(text: string): Buffer {
  if (isWellFormed(text)) return Buffer.from(text)
  const pieces = text.split(LONE_SURROGATE)
  return Buffer.concat(
    pieces.map((piece, i) => (i % 2 === 1 ? encodeSurrogate(piece) : Buffer.from(piece))),
  )
}

/** Python's `raw-unicode-escape`, as protocol 0 has it. */
export function decodeRawUnicodeEscape(line: string): string {
  return line.replace(
    /\\(?:\\|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/g,
    (whole, short?: string, long?: string) => {
      const digits = short ?? long
      return digits === undefined ? whole : codePoint(digits)
    },
  )
}

/** A str of Python 2 in quotes. Like Python 3 by default, only ASCII without surprises is read. */
export function decodeQuoted(line: string): string {
  const [, , contents] = /^(['"])(.*)\1$/s.exec(line) ?? []
  if (contents === undefined || contents.includes('\\')) throw notAscii()
  return decodeAscii(contents)
}

/** A str of Python 2, each byte as one character. */
export function decodeAscii(text: string): string {
  if (!/^[\0-\x7f]*$/.test(text)) throw notAscii()
  return text
}

function decodeUtf8(latin1: string): string {
  try {
    return decoder.decode(Buffer.from(latin1, 'latin1'))
  } catch {
    throw new MalformedPickle('is a pickle with text that is not valid UTF-8')
  }
}

function decodeSurrogate(latin1: string): string {
  const low = ((latin1.charCodeAt(1) & 0x3f) << 6) | (latin1.charCodeAt(2) & 0x3f)
  return String.fromCharCode(0xd000 | low)
}

function encodeSurrogate(unit: string): Buffer {
  const code = unit.charCodeAt(0)
  return Buffer.of(0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
}

function codePoint(digits: string): string {
  const code = Number.parseInt(digits, 16)
  if (code > 0x10ffff) throw new MalformedPickle('is a pickle with text past U+10FFFF')
  return String.fromCodePoint(code)
}

function notAscii(): MalformedPickle {
  return new MalformedPickle('is a pickle with a str of Python 2 that is not plain ASCII')
}
