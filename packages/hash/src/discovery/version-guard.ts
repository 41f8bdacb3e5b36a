/**
 * Decides whether a node list may replace the current one, by their versions. Nodes learn of changes one
 * after another, so a lower version is most likely an old list; but a cluster that was recreated under the
 * same name counts from 1 again, so a lower version that comes twice is accepted.
 */
export class VersionGuard {
  #current: number | undefined
  #lower: number | undefined

  get current(): number | undefined {
    return this.#current
  }

  /**
   * Whether a list of that version may be applied.
   *
   * @param isStranded - no known node can be reached, so nothing is lost by any other list
   */
  admits(version: number | undefined, isStranded: boolean): boolean {
    if (version === undefined || this.#current === undefined || isStranded) return true
    if (version >= this.#current || version === this.#lower) return true
    this.#lower = version
    return false
  }

  /** A list of that version was applied. */
  take(version: number | undefined): void {
    this.#current = version
    this.#lower = undefined
  }
}
