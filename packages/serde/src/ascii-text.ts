/** Text of so many characters Node keeps outside of V8's heap (`EXTERN_APEX` in its string_bytes.cc). */
const EXTERNAL = 1_031_913

/** From this length on text is made longer and cut, so that it holds at most twice its own memory. */
const LONG = EXTERNAL / 2

/** From Node 26 on V8 uses the pages of long texts again. */
const REUSES_PAGES = Number.parseInt(process.versions.node, 10) >= 26

let room: Buffer | undefined

/**
 * The text of ASCII bytes.
 *
 * V8 takes new pages from the kernel for each long text in its heap. For 1 MB that takes 0.6 ms, three times as long as to copy it
 * to an external text and cut that.
 */
export function asciiText(bytes: Buffer): string {
  const { length } = bytes
  if (length < LONG || length >= EXTERNAL || REUSES_PAGES) return bytes.toString('latin1')
  room ??= Buffer.alloc(EXTERNAL)
  bytes.copy(room)
  return room.toString('latin1').slice(0, length)
}
