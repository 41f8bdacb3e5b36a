const CR = 0x0d
const LF = 0x0a
const BLOCK_LENGTH = 65_536

/**
 * Writes replies into one run of bytes, which `take` hands over. A writer serves one connection at a
 * time, and many in turn.
 */
export class ReplyWriter {
  #block: Buffer = Buffer.allocUnsafeSlow(BLOCK_LENGTH)
  /** Bytes not yet taken are those from `#start` to `#end`. */
  #start = 0
  #end = 0

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#end - this.#start
  }

  /** A line of one character per byte, such as `STORED`. */
  line(text: string): void {
    this.#reserve(text.length + 2)
    this.#text(text)
    this.#lineEnd()
  }

  /** An item in answer to a text retrieval, with the CAS unique for `gets` and `gats`. */
  value(key: string, flags: number, data: Uint8Array, cas?: number | bigint): void {
    this.block(
      cas === undefined
        ? `VALUE ${key} ${flags} ${data.length}`
        : `VALUE ${key} ${flags} ${data.length} ${cas}`,
      data,
    )
  }

  /** The end of a retrieval or of statistics. */
  end(): void {
    this.line('END')
  }

  /** One statistic. */
  stat(name: string, value: string | number | bigint): void {
    this.line(`STAT ${name} ${value}`)
  }

  /** A line and a data block, such as `VA 3 t60` with three bytes. */
  block(text: string, data: Uint8Array): void {
    this.#reserve(text.length + data.length + 4)
    this.#text(text)
    this.#lineEnd()
    this.#block.set(data, this.#end)
    this.#end += data.length
    this.#lineEnd()
  }

  /** Bytes as they are. */
  bytes(text: string): void {
    this.#reserve(text.length)
    this.#text(text)
  }

  /** What was written since the last `take`, or `undefined` if nothing was. The bytes stay as they are. */
  take(): Buffer | undefined {
    if (this.#start === this.#end) return undefined
    const taken = this.#block.subarray(this.#start, this.#end)
    this.#start = this.#end
    return taken
  }

  /** Takes back what was written since `length` was the given number. */
  truncate(length: number): void {
    this.#end = this.#start + length
  }

  #text(text: string): void {
    // Short texts are written faster byte by byte than by a call out of JavaScript.
    if (text.length > 24) {
      this.#end += this.#block.write(text, this.#end, 'latin1')
      return
    }
    for (let i = 0; i < text.length; i++) this.#block[this.#end++] = text.charCodeAt(i)
  }

  #lineEnd(): void {
    this.#block[this.#end++] = CR
    this.#block[this.#end++] = LF
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#block.length) return
    const pending = this.#block.subarray(this.#start, this.#end)
    const needed = pending.length + length
    // Bytes that were taken may still be on their way out of the old block, so it is never reused.
    this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_LENGTH, needed * 2))
    this.#block.set(pending)
    this.#start = 0
    this.#end = pending.length
  }
}
