/**
 * Decides whether the version of a node list may follow the one in force. Nodes learn of changes one
 * after another, so a lower version is most likely an old list; a cluster that was made anew under the
 * same name counts from 1 again.
 */
export class VersionGuard {
  #current: number | undefined
  #lower: number | undefined

  get current(): number | undefined {
    return this.#current
  }

  /**
   * Whether a list of that version may be put in force.
   *
   * @param isStranded - no known node can be reached, so nothing is lost by any other list
   */
  admits(version: number | undefined, isStranded: boolean): boolean {
    if (version === undefined || this.#current === undefined || isStranded) return true
    if (version >= this.#current || version === this.#lower) return true
    this.#lower = version
    return false
  }

  /** The list of that version is in force. */
  take(version: number | undefined): void {
    this.#current = version
    this.#lower = undefined
  }
}
