// The built site: its files, and a server for them.
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** The folder of the site. */
export const SITE = fileURLToPath(new URL('../../dist/site', import.meta.url))

/** All pages, as paths in the folder. */
export const pages = readdirSync(SITE, { recursive: true }).filter((name) => name.endsWith('.html'))

/** Serves the folder on a free port of this machine, as a static host does. */
export async function serve() {
  const server = createServer(async ({ url }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname)
    try {
      const body = await readFile(join(SITE, path.endsWith('/') ? `${path}index.html` : path))
      response.setHeader('content-type', TYPES[extname(path) || '.html'] ?? 'image/png')
      response.end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}
