import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { stackedTables } from '../src/tables.mjs'

const pages = fileURLToPath(new URL('../dist/pages/', import.meta.url))

/** A page's own first heading names it. */
function entry(page) {
  const [, title] = /^# (.+)$/m.exec(readFileSync(`${pages}${page}.md`, 'utf8'))
  return { text: title.replaceAll('`', ''), link: `/${page}` }
}

function entries(folder, names) {
  return names.map((name) => entry(`${folder}/${name}`))
}

const guides = [
  {
    text: 'Start',
    items: entries('docs', ['getting-started', 'choosing', 'commands']),
  },
  {
    text: 'Use',
    items: entries('docs', [
      'read-through',
      'values',
      'discovery',
      'elasticache',
      'failure',
      'failover',
      'adapters',
      'testing',
      'test-tools',
      'telemetry',
      'pools',
      'cli',
    ]),
  },
  {
    text: 'Recipes',
    items: entries('docs/recipes', [
      'cache-aside',
      'counters',
      'namespaces',
      'big-values',
      'locks',
      'frameworks',
      'shutdown',
      'serverless',
      'alerts',
      'testing',
      'commonjs',
    ]),
  },
  {
    text: 'Move',
    items: entries('docs', [
      'moving',
      'from-pymemcache',
      'from-node-clients',
      'sharing-with-python',
    ]),
  },
  {
    text: 'Packages',
    items: [
      'client',
      'hash',
      'pool',
      'fetch',
      'fallback',
      'serde',
      'aws-ec',
      'adapters',
      'opentelemetry',
      'testing',
      'cli',
      'protocol',
    ].map((name) => ({ text: `@mc/${name}`, link: `/packages/${name}/index` })),
  },
  {
    text: 'Facts',
    items: [
      entry('bench/RESULTS'),
      ...entries('docs', ['compatibility', 'runtimes', 'upstream-tests']),
      entry('SECURITY'),
      entry('CONTRIBUTING'),
    ],
  },
]

export default defineConfig({
  title: 'mc',
  description: 'memcached clients for Node',
  lang: 'en',
  base: process.env.SITE_BASE ?? '/',
  srcDir: 'dist/pages',
  outDir: 'dist/site',
  cacheDir: 'dist/cache',
  // Nothing is loaded from elsewhere.
  useWebFonts: false,
  markdown: {
    // The themes whose comments are dark enough to read.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    languageAlias: { cjs: 'js', mjs: 'js' },
    config: (md) => md.use(stackedTables),
  },
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Getting started', link: '/docs/getting-started' },
      { text: 'Guides', link: '/docs/choosing', activeMatch: '^/docs/(?!getting-started)' },
      { text: 'API', link: '/api/index', activeMatch: '^/api/' },
      { text: 'Figures', link: '/bench/RESULTS' },
    ],
    sidebar: {
      '/api/': [{ text: 'API reference', link: '/api/index', items: apiPages() }],
      '/': guides,
    },
    outline: [2, 3],
  },
  transformHead({ page }) {
    return [['script', {}, fromDisk('../'.repeat(page.split('/').length - 1) || './')]]
  },
})

/** The list of TypeDoc's own start page. */
function apiPages() {
  const index = readFileSync(`${pages}api/index.md`, 'utf8')
  return Array.from(index.matchAll(/\[(@mc[^\]]+)\]\((.+)\.md\)/g), ([, text, page]) => ({
    text,
    link: `/api/${page}`,
  }))
}

/** Opened as a file, a page cannot load modules, and absolute paths lead nowhere: a plain script stands in. */
function fromDisk(up) {
  const script = `<script src="${up}from-disk.js"><\\/script>`
  return `if (location.protocol === 'file:') document.write('${script}')`
}
