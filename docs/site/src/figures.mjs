// The benchmark's tables with their charts between, and what the charts show.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const LEGEND = `
Each bar is the median of the rounds; the thin line across its end goes from the slowest round to the fastest.

<ul class="legend">
<li><span class="swatch ours"></span> mc</li>
<li><span class="swatch peer"></span> other memcached clients for Node</li>
<li><span class="swatch other"></span> other languages and servers</li>
<li><span class="swatch floor"></span> floor: one connection, with requests encoded once and replies only counted</li>
</ul>
`

/** Colours that the page's style sets for the light and the dark scheme. */
const COLORS = {
  'fill="#2563eb"': 'class="ours"',
  'fill="#9ca3af"': 'class="peer"',
  'fill="#c4a484"': 'class="other"',
  'fill="#e5e7eb"': 'class="floor"',
  'stroke="#111827"': 'class="spread"',
  'stroke="#2563eb"': 'class="curve"',
  'stroke="#e5e7eb"': 'class="level"',
}

/** @param {string} bench the folder of the benchmarks */
export function figuresPage(bench) {
  const results = readFileSync(join(bench, 'RESULTS.md'), 'utf8')
  const stampede = readFileSync(join(bench, 'results', 'stampede.md'), 'utf8')
  const curves = readFileSync(join(bench, 'results', 'curves.md'), 'utf8')
  const [head, ...workloads] = results.split(/^## /m)
  const sections = workloads.map((section) => {
    const [title] = section.split('\n', 1)
    const file = join(bench, 'results', `${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.svg`)
    if (!existsSync(file)) return `## ${section}`
    const chart = inline(readFileSync(file, 'utf8'), title)
    return `## ${title}\n\n${chart}\n${section.slice(title.length)}`
  })
  return [
    head.replace('# Results', '# Figures'),
    'How they are taken, and how to repeat them: [the benchmark](index.md).\n',
    LEGEND,
    ...sections,
    curves
      .replace(/^#/gm, '##')
      .replace(/^!\[(.+)\]\((.+)\)$/gm, (_, title, file) =>
        inline(readFileSync(join(bench, 'results', file), 'utf8'), title),
      ),
    stampede.replace(/^#/gm, '##'),
  ].join('\n')
}

/** The chart without a background of its own, as wide as the page lets it. */
function inline(svg, title) {
  let chart = svg
    .replace(/<rect width="100%"[^>]*>\n/, '')
    .replace(
      /width="(\d+)" height="(\d+)"/,
      (_, width, height) =>
        `viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}: operations per second"`,
    )
  for (const [color, name] of Object.entries(COLORS)) chart = chart.replaceAll(color, name)
  return `<div class="chart" tabindex="0" role="region" aria-label="Chart: ${title}">\n${chart.trim()}\n</div>\n`
}
