// Makes the pictures of the README: a fleet with traffic, `mc top` on a terminal, `mc report` in a browser.
// Usage: pnpm --filter @mc/cli screenshots [chromium]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HashClient } from '@mc/hash'
import { MemcachedServer } from '@mc/testing'
import { mc } from '../test/support/run.ts'
import { FakeTerminal } from '../test/support/terminal.ts'

const chromium = process.argv[2] ?? 'chromium'
const pictures = fileURLToPath(new URL('../pictures/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'mc-screenshots-'))
const PREFIXES = ['user', 'session', 'page', 'product', 'search', 'cart', 'feed', 'rate', 'flag']
const LIFETIMES = [0, 60, 600, 3600, 40_000, 300_000]
const [COLUMNS, ROWS] = [128, 26]

const servers = await Promise.all([1, 2, 3].map(() => MemcachedServer.start()))
const names = servers.map(({ name }) => name)
const client = new HashClient(names, { timeout: 60_000 })
for (let i = 0; i < 30_000; i++) {
  const prefix = PREFIXES[Math.floor(Math.random() ** 2 * PREFIXES.length)]
  const value = 'x'.repeat(50 + Math.floor(Math.random() ** 6 * 9000))
  void client.set(`${prefix}:${i % 5000}`, value, { expire: LIFETIMES[i % 6] as number })
  if (i % 1000 === 0) await client.get('none')
}
const traffic = setInterval(() => {
  for (let i = 0; i < 40 + Math.random() * 40; i++) {
    const prefix = PREFIXES[Math.floor(Math.random() ** 3 * PREFIXES.length)]
    const key = `${prefix}:${Math.floor(Math.random() ** 4 * 500)}`
    void (Math.random() < 0.85
      ? client.get(key)
      : client.set(key, 'x'.repeat(200), { expire: 600 }))
  }
}, 10)

const terminal = new FakeTerminal(['top', '-s', names.join(), '-i', '0.25'], COLUMNS, ROWS)
await setTimeout(5000)
writeFileSync(join(folder, 'top.html'), terminal.html)
terminal.type('q')
await terminal.exit
clearInterval(traffic)
await mc(['report', '-s', names.join(), '-o', join(folder, 'report.html')])

photograph('top', 1100, 500)
photograph('report', 900, 2750)
await client.close()
for (const server of servers) await server.stop()
rmSync(folder, { recursive: true })

function photograph(name: string, width: number, height: number): void {
  execFileSync(chromium, [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    ...['--hide-scrollbars', `--window-size=${width},${height}`],
    `--screenshot=${join(pictures, `${name}.png`)}`,
    pathToFileURL(join(folder, `${name}.html`)).href,
  ])
}
