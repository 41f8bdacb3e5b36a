// Links of the site to its own pages and to the headings and rows in them.
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { pages, SITE } from './site.mjs'

/** One line for each link whose page or anchor is missing. */
export function deadLinks() {
  const texts = new Map(pages.map((page) => [page, readFileSync(join(SITE, page), 'utf8')]))
  const anchors = new Map(Array.from(texts, ([page, text]) => [page, anchorsOf(text)]))
  const dead = []
  let count = 0
  for (const [page, text] of texts) {
    for (const [, href] of text.matchAll(/<a [^>]*?href="([^"]*)"/g)) {
      if (/^[a-z]+:/.test(href)) continue
      count++
      const { file, anchor } = target(page, href)
      const found = anchors.get(file)?.has(anchor) || (!anchor && existsSync(join(SITE, file)))
      if (!found) dead.push(`${page} links to ${href}, which is not there`)
    }
  }
  console.log(`${count} links on ${pages.length} pages, ${dead.length} dead`)
  if (count === 0) dead.push('no links found: the check reads nothing')
  return dead
}

function target(page, href) {
  const { pathname, hash } = new URL(href.replaceAll('&amp;', '&'), `http://site/${page}`)
  const path = decodeURIComponent(pathname).slice(1)
  return {
    file: path === '' || path.endsWith('/') ? posix.join(path, 'index.html') : path,
    anchor: decodeURIComponent(hash.slice(1)),
  }
}

function anchorsOf(text) {
  return new Set(Array.from(text.matchAll(/ id="([^"]+)"/g), ([, id]) => id))
}
