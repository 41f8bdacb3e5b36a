// Fails when a page of the API reference links to a file that is not there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const site = fileURLToPath(new URL('../docs/api', import.meta.url))
const pages = readdirSync(site, { recursive: true }).filter((name) => name.endsWith('.html'))
const broken = []
let links = 0
for (const page of pages) {
  const text = readFileSync(join(site, page), 'utf8')
  for (const [, target] of text.matchAll(/href="([^"#]+)(?:#[^"]*)?"/g)) {
    if (/^[a-z]+:/.test(target)) continue
    links++
    if (!existsSync(join(site, dirname(page), decodeURIComponent(target)))) {
      broken.push(`${page}: ${target}`)
    }
  }
}
for (const link of broken) console.error(link)
console.log(`${links} links on ${pages.length} pages, ${broken.length} broken`)
process.exitCode = links > 0 && broken.length === 0 ? 0 : 1
