// The site in Chromium: search, navigation, a copy button, both colour schemes, a phone's width.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { SITE, serve } from './site.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Words of the text, and a page that each must find. */
const SEARCHES = {
  jest: '/docs/testing.html',
  pickle: '/docs/sharing-with-python.html',
  opentelemetry: '/docs/telemetry.html',
  takeover: '/docs/read-through.html',
}

/** One of each kind: start, guide with code, tables, charts, reference. */
const LOOKED_AT = [
  '/index.html',
  '/docs/getting-started.html',
  '/docs/from-pymemcache.html',
  '/docs/failure.html',
  '/docs/recipes/alerts.html',
  '/bench/RESULTS.html',
  '/packages/client/index.html',
  '/api/@mc.client.html',
]

/** Pixels that windows are wide: a phone, a tablet, a laptop, a large screen. */
const WIDTHS = [390, 768, 1280, 1920]

/** One line for each thing that does not work. Where Chromium is missing, nothing is looked at, and with `CI` set that is a finding. */
export async function browserFindings() {
  const executablePath = findChromium()
  if (!executablePath) {
    const missing =
      'not run, as chromium is missing: search, navigation, copying, accessibility and widths'
    console.log(missing)
    return process.env.CI ? [missing] : []
  }
  const site = await serve()
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  try {
    return await findings(browser, site.origin)
  } finally {
    await browser.close()
    site.close()
  }
}

function findChromium() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, 'chromium')).find((file) => existsSync(file))
}

async function findings(browser, origin) {
  const found = []
  /** Runs a step on a page of its own; what it throws is a finding, and so is an error of the page. */
  async function step(name, options, run) {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    page.setDefaultTimeout(5_000)
    page.on('pageerror', (error) => found.push(`${name}: ${error.message}`))
    try {
      await run(page)
    } catch (error) {
      found.push(`${name}: ${error.message}`)
    }
    await context.close()
  }

  const desktop = { viewport: { width: 1280, height: 900 } }
  for (const [word, path] of Object.entries(SEARCHES)) {
    await step(`search for ${word}`, desktop, (page) => searches(page, origin, word, path))
  }
  await step('navigation', desktop, (page) => navigates(page, origin))
  await step('opened as files', desktop, worksFromDisk)
  await step(
    'copy button',
    { ...desktop, permissions: ['clipboard-read', 'clipboard-write'] },
    (page) => copies(page, origin),
  )
  for (const path of LOOKED_AT) {
    await step(path, desktop, async (page) => {
      await page.goto(origin + path)
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme })
        await page.waitForFunction(
          (dark) => document.documentElement.classList.contains('dark') === dark,
          colorScheme === 'dark',
        )
        found.push(...(await violations(page)).map((text) => `${path}, ${colorScheme}: ${text}`))
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 })
          const needed = await page.evaluate(() => document.documentElement.scrollWidth)
          if (needed > width) {
            found.push(`${path}, ${colorScheme}, is ${needed} pixels wide in a window of ${width}`)
          }
        }
        await page.setViewportSize(desktop.viewport)
      }
    })
  }
  console.log(
    `${Object.keys(SEARCHES).length} searches, ${LOOKED_AT.length} pages in Chromium, and as files, ${found.length} findings`,
  )
  return found
}

/** The word is found, and a click on the hit opens its page at the heading. */
async function searches(page, origin, word, path) {
  await page.goto(`${origin}/index.html`)
  await page.click('.VPNavBarSearch button')
  await page.fill('.VPLocalSearchBox input', word)
  const hit = page.locator(`.VPLocalSearchBox a.result[href*="${path}"]`).first()
  const href = await hit.getAttribute('href')
  await hit.click()
  await page.waitForURL(origin + href)
  const heading = page.locator(`[id="${decodeURIComponent(new URL(href, origin).hash.slice(1))}"]`)
  await heading.waitFor()
  await page.waitForFunction(
    (element) => {
      const { top } = element.getBoundingClientRect()
      return top >= 0 && top < innerHeight
    },
    await heading.elementHandle(),
  )
}

/** From the start page by its link and the sidebar to another page, and back. */
async function navigates(page, origin) {
  await page.goto(`${origin}/index.html`)
  await page.click('.vp-doc a:text("Getting started")')
  await page.waitForURL('**/docs/getting-started.html')
  await page.click('.VPSidebar a:has-text("Failure")')
  await page.locator('h1:has-text("Failure")').waitFor()
  await page.goBack()
  await page.locator('h1:has-text("Getting started")').waitFor()
}

/** The same without a server: the style, the sidebar, and a search that opens its hit. */
async function worksFromDisk(page) {
  const root = pathToFileURL(SITE).href
  await page.goto(`${root}/docs/getting-started.html`)
  const sidebar = page.locator('.VPSidebar')
  const position = await sidebar.evaluate((element) => getComputedStyle(element).position)
  if (position !== 'fixed') throw new Error('the pages have no style')
  await sidebar.locator('a:has-text("Failure")').click()
  await page.waitForURL(`${root}/docs/failure.html`)
  await page.click('.VPNavBarSearch button')
  const [word, path] = Object.entries(SEARCHES)[0]
  await page.fill('.disk-search input', word)
  await page.locator(`.disk-search a[href*="${path}"]`).first().click()
  await page.waitForURL((url) => url.href.startsWith(root + path))
}

async function copies(page, origin) {
  await page.goto(`${origin}/docs/getting-started.html`)
  await page.locator('.language-sh').first().hover()
  await page.locator('.language-sh button.copy').first().click()
  await page.locator('.language-sh button.copied').first().waitFor()
  const text = await page.evaluate(() => navigator.clipboard.readText())
  if (text.trim() !== 'npm install @mc/client') throw new Error(`copied ${JSON.stringify(text)}`)
}

/** What axe calls serious or critical. */
async function violations(page) {
  await page.evaluate(AXE)
  const results = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }))
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ help, nodes }) => `${help}: ${nodes.length} times, such as ${nodes[0].html}`)
}
