// Tables of sentences are stacked on narrow windows: each cell then carries the heading of its column.

/** Letters in one cell from which on it is a sentence: the column cannot be as narrow as the word. */
const SENTENCE = 60

export function stackedTables(md) {
  md.core.ruler.push('stacked-tables', ({ tokens }) => {
    for (const [start, { type }] of tokens.entries()) {
      if (type !== 'table_open') continue
      const end = tokens.findIndex((token, i) => i > start && token.type === 'table_close')
      mark(tokens.slice(start, end))
    }
  })
  // VitePress's own rule writes a table that scrolls by keys, without attributes.
  md.renderer.rules.table_open = (tokens, i, options, _env, renderer) => {
    tokens[i].attrSet('tabindex', '0')
    return renderer.renderToken(tokens, i, options)
  }
}

function mark(table) {
  const texts = table.filter(({ type }) => type === 'inline').map(textOf)
  if (!texts.some((text) => text.length >= SENTENCE)) return
  table[0].attrJoin('class', 'sentences')
  const headings = []
  let column = 0
  for (const [i, token] of table.entries()) {
    if (token.type === 'tr_open') column = 0
    if (token.type === 'th_open') headings.push(textOf(table[i + 1]))
    if (token.type === 'td_open') token.attrSet('data-column', headings[column++])
  }
}

/** The text of a cell without its markup. */
function textOf({ children }) {
  return children.map(({ content }) => content).join('')
}
