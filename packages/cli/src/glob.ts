/** A test for text by a pattern of `*` (any text), `?` (one character) and `[abc]`, `[a-z]`, `[!a]`. */
export function globTest(glob: string): (text: string) => boolean {
  const source = glob.replace(/\[(!?)([^\]]+)\]|[*?]|[\\^$.|+(){}[\]/-]/g, (found, not, set) => {
    if (found === '*') return '.*'
    if (found === '?') return '.'
    if (set !== undefined) return `[${not === '' ? '' : '^'}${set.replace(/[\\\]^]/g, '\\$&')}]`
    return `\\${found}`
  })
  const pattern = new RegExp(`^${source}$`, 'su')
  return (text) => pattern.test(text)
}
