/**
 * Draws what `npm run bench -- --compare --save` has left in bench/results: how many times as many requests a second Dataferry answers
 * as the server written by hand.
 */
import type { Report } from './report.ts'

const width = 860
const labels = 260
const scale = 90
const bar = 16
const step = 24

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const shown = (value: number): string => Math.round(value).toLocaleString('en')

/** An SVG image that fits light and dark pages. */
export function chart(reports: readonly Report[]): string {
  const parts: string[] = []
  const text = (x: number, y: number, what: string, kind: string, anchor = 'start'): void => {
    parts.push(`<text x="${x}" y="${y}" class="${kind}" text-anchor="${anchor}">${escaped(what)}</text>`)
  }
  let y = 28
  text(12, y, 'Requests per second, as a multiple of a server written by hand (Fastify, prepared statements)', 'title')
  for (const { database, results } of reports) {
    y += 34
    text(12, y, database, 'head')
    const top = y + 6
    for (const { scenario, ours, baseline, ratio } of results) {
      if (ratio === null || baseline === null) continue
      y += step
      text(labels - 10, y, scenario, 'label', 'end')
      const long = Math.min(ratio, 5.5) * scale
      parts.push(
        `<rect x="${labels}" y="${y - 12}" width="${long.toFixed(1)}" height="${bar}" rx="2" class="${ratio >= 1 ? 'more' : 'less'}"/>`,
      )
      text(
        // Not across the line of the baseline.
        labels + Math.max(long, scale) + 6,
        y,
        `${ratio.toFixed(2)}  (${shown(ours.perSecond)} to ${shown(baseline.perSecond)})`,
        'value',
      )
    }
    parts.push(`<line x1="${labels + scale}" y1="${top}" x2="${labels + scale}" y2="${y + 8}" class="one"/>`)
  }
  const [first] = reports
  y += 34
  if (first !== undefined)
    text(
      12,
      y,
      `${first.machine}; medians of ${first.rounds} interleaved rounds of ${first.seconds} s; commit ${first.commit ?? 'unknown'}`,
      'label',
    )
  const height = y + 16
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Benchmark">
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 15px } .head { font-weight: 600 }
.label, .value { font-size: 12px } .more { fill: #2f7d5b } .less { fill: #b08a3c } .one { stroke: #57606a; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .one { stroke: #9da7b1 } }
</style>
${parts.join('\n')}
</svg>
`
}
