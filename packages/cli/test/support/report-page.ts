import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HashClient } from '@mc/hash'
import { MemcachedServer } from '@mc/testing'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type {} from '../../../../test-support/programs.ts'
import type { ReportData } from '../../src/report/report-data.ts'
import { mc, mcJson } from './run.ts'

/** Tests of the page in a browser. */
export function testReportPage(): void {
  describe('the page of a report, in a browser', { tags: ['long', 'chromium'] }, () => {
    let servers: MemcachedServer[]
    let folder: string
    let url: string
    let data: ReportData
    let browser: Browser

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'mc-page-'))
      servers = await Promise.all([1, 2].map(() => MemcachedServer.start()))
      const names = servers.map(({ name }) => name)
      const client = new HashClient(names)
      const user = 'x'.repeat(1000)
      for (let i = 0; i < 200; i++) await client.set(`user:${i}`, user, { expire: 100 })
      for (let i = 0; i < 100; i++) await client.set(`page:${i}`, user, { expire: 50_000 })
      for (let i = 0; i < 30; i++) await client.set(`a-long-name-of-a-prefix-${i}:1`, 'x')
      await client.close()
      const file = join(folder, 'report.html')
      // Nobody listens there; a third of the keys would be there.
      names.push(join(folder, 'the-long-path-of-a-socket-of-a-server-that-does-not-run.sock'))
      await mc(['report', '-s', names.join(), '-o', file])
      data = await mcJson(['report', '-s', names.join()])
      url = pathToFileURL(file).href
      browser = await chromium.launch({
        executablePath: inject('programs').chromium as string,
        args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      })
    })
    afterAll(async () => {
      await browser.close()
      await Promise.all(servers.map((server) => server.stop()))
      await rm(folder, { recursive: true })
    })

    /** The report in a window of this width. */
    async function show(width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
      const page = await browser.newPage({
        viewport: { width, height: 900 },
        isMobile: width < 600,
        colorScheme,
      })
      await page.goto(url)
      return page
    }

    /** Each bar, and its stronger part, in percent of the width. */
    const barsOf = (
      page: Page,
      section: string,
    ): Promise<{ name: string; whole: number; part: number; text: string }[]> =>
      page.evaluate(
        `[...document.querySelectorAll('#${section} .row')].map((row) => {
        const width = (it) => row.querySelector(it)?.getBoundingClientRect().width ?? 0
        return { name: row.querySelector('.name').textContent, text: row.querySelector('.text').textContent,
          whole: width('.bar i') / width('.bar') * 100, part: width('.bar b') / width('.bar') * 100 } })`,
      )

    const widths = (page: Page, section: string): Promise<[string, number][]> =>
      page.evaluate(
        `[...document.querySelectorAll('#${section} .row')].map((row) => [
        row.querySelector('.name').textContent,
        Math.round(row.querySelector('b')?.getBoundingClientRect().width /
          row.querySelector('.bar').getBoundingClientRect().width * 100) || 0])`,
      )

    test.each(['light', 'dark'] as const)('shows its charts in %s colours', async (colours) => {
      const page = await show(1000, colours)
      const background = await page.evaluate<string>(
        'getComputedStyle(document.body).backgroundColor',
      )
      const [red = 0] = (/\d+/.exec(background) ?? []).map(Number)
      expect(red < 128).toBe(colours === 'dark')
      const ttls = new Map(await widths(page, 'ttls'))
      // Twice as many items of the same size expire within ten minutes as within a day.
      expect(ttls.get('within 10m')).toBe(100)
      expect(ttls.get('within 1d')).toBeCloseTo(50, -1)
      expect(ttls.get('within 1h')).toBe(0)
      for (const { name, part, text } of await barsOf(page, 'sizes')) {
        expect(part).toBeCloseTo(name === 'under 2.0 KB' ? 100 : 0, -1)
        expect(text).toMatch(name === 'under 2.0 KB' ? /KB, 300 items$/ : / (30|0) items$/)
      }
      const ages = await barsOf(page, 'ages')
      expect(ages.reduce((sum, { text }) => sum + Number(/(\d+) items$/.exec(text)?.[1]), 0)).toBe(
        330,
      )
      const slabs = await barsOf(page, 'slabs')
      const largest = Math.max(...data.slabs.map(({ allocated }) => allocated))
      expect(slabs.length).toBe(data.slabs.length)
      for (const [i, { allocated, requested }] of data.slabs.entries()) {
        expect(slabs[i]?.whole).toBeCloseTo((allocated / largest) * 100, -1)
        expect(slabs[i]?.part).toBeCloseTo((requested / largest) * 100, -1)
      }
      const balance = await barsOf(page, 'balance')
      const most = Math.max(...data.balance.flatMap(({ items, expected }) => [items, expected]))
      for (const [i, { server, items, expected, misplaced }] of data.balance.entries()) {
        const { name, whole, part, text = '' } = balance[i] ?? {}
        expect(name).toBe(server)
        expect(whole).toBeCloseTo((Math.max(items, expected) / most) * 100, -1)
        expect(part).toBeCloseTo((items / most) * 100, -1)
        expect(text).toContain(
          `${items} of ${expected}${items === 0 ? '' : `, ${misplaced} misplaced`}`,
        )
      }
      expect(balance[2]?.part).toBe(0)
      const fleet = await page.evaluate<string[]>(
        `[...document.querySelectorAll('#fleet tbody tr')].map((row) => row.innerText)`,
      )
      expect(fleet[0]).toMatch(
        new RegExp(`^127\\S+\\s+1\\.6\\.18\\s.*\\b${data.balance[0]?.items}\\b`),
      )
      expect(fleet[2]).toMatch(/^\/\S+\.sock\s+.*ENOENT/)
      const areas = await page.evaluate<Record<string, number>>(
        `Object.fromEntries([...document.querySelectorAll('.tile')].map((tile) => [
        tile.title.split(':')[0], tile.getBoundingClientRect().width * tile.getBoundingClientRect().height]))`,
      )
      expect((areas.user ?? 0) / (areas.page ?? 1)).toBeCloseTo(2, 0)
      expect(await page.evaluate('performance.getEntriesByType("resource").length')).toBe(0)
    })

    test.each([390, 1000])(
      'fits a window of %i pixels, bars beside or below their names',
      async (width) => {
        const page = await show(width, 'light')
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
          width,
        )
        const tops = await page.evaluate<[number, number]>(
          `['.name', '.bar'].map((part) => document.querySelector('#sizes ' + part).getBoundingClientRect().bottom)`,
        )
        expect(tops[1] - tops[0] > 8).toBe(width < 600)
        const cut = await page.evaluate<number>(
          `[...document.querySelectorAll('.name, .text')].filter((it) => {
        const { left, right } = it.getBoundingClientRect()
        const section = it.closest('section').getBoundingClientRect()
        return left < section.left || right > section.right }).length`,
        )
        expect(cut).toBe(0)
      },
    )
  })
}
