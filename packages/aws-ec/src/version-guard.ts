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
   * Takes the version as the current one, or refuses it.
   *
   * @param isStranded - no known node can be reached, so nothing is lost by any other list
   */
  admits(version: number | undefined, isStranded: boolean): boolean {
    const isOld =
      version !== undefined && this.#current !== undefined && version < this.#current && !isStranded
    if (isOld && version !== this.#lower) {
      this.#lower = version
      return false
    }
    this.#current = version
    this.#lower = undefined
    return true
  }
}
