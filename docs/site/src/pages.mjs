// Lays out the site's pages in dist/pages as the repository has them, so that links between them hold.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { figuresPage } from './figures.mjs'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PAGES = fileURLToPath(new URL('../dist/pages/', import.meta.url))
/** Where READMEs have their pictures, as a registry's page shows no others. */
const PICTURES = /https:\/\/raw\.githubusercontent\.com\/mc-memcached\/mc\/main\/packages\/[^/]+\//g
const SOURCES = 'https://github.com/mc-memcached/mc/blob/main/'

const packages = readdirSync(join(ROOT, 'packages'))
const copied = [
  ...['docs', 'docs/recipes'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
  ...packages.map((name) => `packages/${name}/README.md`),
  'SECURITY.md',
  'CONTRIBUTING.md',
  'bench/README.md',
]

rmSync(fileURLToPath(new URL('../dist/', import.meta.url)), { recursive: true, force: true })
write('index.md', readFileSync(new URL('../index.md', import.meta.url), 'utf8'))
write('bench/RESULTS.md', figuresPage(join(ROOT, 'bench')))
for (const name of packages) {
  const pictures = join('packages', name, 'pictures')
  if (existsSync(join(ROOT, pictures))) {
    cpSync(join(ROOT, pictures), join(PAGES, pictures), { recursive: true })
  }
}
for (const name of copied) {
  write(name, withRowLinks(withLinks(name, readFileSync(join(ROOT, name), 'utf8'))))
}

/** Links to a file that is no page of the site lead to the sources. */
function withLinks(page, text) {
  return text
    .replace(PICTURES, './')
    .replace(/\]\((?![a-z]+:|#)([^)#\s]+)(#[^)]*)?\)/g, (_, target, hash = '') => {
      const file = posix.join(posix.dirname(page), target)
      if (file.includes('/pictures/')) return `](${target})`
      if (!copied.includes(file) && file !== 'bench/RESULTS.md')
        return `](${SOURCES}${file}${hash})`
      return `](${asPage(target)}${hash})`
    })
}

/** Rows of tables with an anchor show it as headings do. */
function withRowLinks(text) {
  return text.replace(
    /<a id="([^"]+)"><\/a>/g,
    '<a id="$1" class="row-link" href="#$1" aria-label="Link to this row">#</a>',
  )
}

function write(name, text) {
  const file = join(PAGES, asPage(name))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** A README is the page of its folder. */
function asPage(name) {
  return name.replace(/README\.md$/, 'index.md')
}
