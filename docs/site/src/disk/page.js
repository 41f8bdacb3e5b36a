// A page that is opened as a file: browsers load no modules from there, so its links and its search work by this.
import index from 'virtual:search-index'
import MiniSearch from 'minisearch'

const MOST_HITS = 20
const root = new URL('.', document.currentScript.src).href

document.addEventListener('DOMContentLoaded', () => {
  for (const link of document.querySelectorAll('a[href^="/"], link[href^="/"]')) {
    link.href = inFolder(link.getAttribute('href'))
  }
  for (const image of document.querySelectorAll('img[src^="/"]')) {
    image.src = inFolder(image.getAttribute('src'))
  }
  document.querySelector('.VPNavBarSearch button')?.addEventListener('click', openSearch)
})

document.addEventListener('keydown', (event) => {
  const isTyping = event.target.matches('input, textarea')
  if ((event.key === 'k' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !isTyping)) {
    event.preventDefault()
    openSearch()
  }
})

/** Where an absolute path of the site lies beside this file. */
function inFolder(path) {
  return root + path.slice(1).replace(/(^|\/)(?=$|#)/, '$1index.html')
}

let dialog

function openSearch() {
  dialog ??= searchDialog()
  if (!dialog.open) dialog.showModal()
}

/** As the site's own search, by the same index. */
function searchDialog() {
  const search = MiniSearch.loadJSON(index, {
    fields: ['title', 'titles', 'text'],
    storeFields: ['title', 'titles'],
    searchOptions: { fuzzy: 0.2, prefix: true, boost: { title: 4, text: 2, titles: 1 } },
  })
  const input = document.createElement('input')
  input.type = 'search'
  input.placeholder = 'Search'
  input.setAttribute('aria-label', 'Search')
  const hits = document.createElement('ul')
  input.addEventListener('input', () => {
    hits.replaceChildren(...search.search(input.value).slice(0, MOST_HITS).map(hitOf))
  })
  const opened = document.createElement('dialog')
  opened.className = 'disk-search'
  opened.append(input, hits)
  // A hit on the page that is open only scrolls.
  hits.addEventListener('click', () => opened.close())
  opened.addEventListener('click', (event) => event.target === opened && opened.close())
  document.body.append(opened)
  return opened
}

function hitOf({ id, title, titles }) {
  const link = document.createElement('a')
  link.href = inFolder(id)
  link.textContent = [...titles, title].join(' › ')
  const hit = document.createElement('li')
  hit.append(link)
  return hit
}
