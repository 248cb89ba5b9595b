/**
 * `npm run bench -- --compare --save`: keeps the figures in bench/results, one file a database, with the table and the chart made of all of
 * them. A run of some scenarios takes the places of theirs and leaves the others, so that a full run can be made in pieces.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chart } from './chart.ts'
import { type Report, table } from './report.ts'
import { scenariosFor } from './scenarios.ts'
import { fullSize, kinds } from './tables.ts'

export const resultsFolder = join(import.meta.dirname, 'results')
const fileOf = (kind: string): string => join(resultsFolder, `${kind}.json`)

/** What is kept, in the order of the databases. */
export const saved = (): readonly Report[] =>
  kinds
    .filter((kind) => existsSync(fileOf(kind)))
    .map((kind) => JSON.parse(readFileSync(fileOf(kind), 'utf8')) as Report)

/** What the tree is at; changes that are not committed make a "+". */
function commit(): string {
  const git = (...args: string[]): string => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? ''
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'
  return `${git('rev-parse', '--short', 'HEAD')}${changed}`
}

export function save(reports: readonly Report[]): void {
  mkdirSync(resultsFolder, { recursive: true })
  const order = scenariosFor(fullSize, 1).map(({ name }) => name)
  const day = new Date().toISOString().slice(0, 10)
  for (const report of reports) {
    if (report.kind === null) continue
    const before = saved().find(({ kind }) => kind === report.kind)?.results ?? []
    const results = order.flatMap(
      (name) =>
        [report.results, before].map((some) => some.find(({ scenario }) => scenario === name)).find(Boolean) ?? [],
    )
    writeFileSync(fileOf(report.kind), `${JSON.stringify({ ...report, commit: commit(), day, results }, null, 2)}\n`)
  }
  draw()
}

/** The table and the chart of what is kept. */
export function draw(): void {
  const reports = saved()
  writeFileSync(join(resultsFolder, 'bench.svg'), chart(reports))
  const tables = reports.map((report) => `${table(report)}\n\nMeasured on ${report.day} at commit ${report.commit}.\n`)
  writeFileSync(join(resultsFolder, 'README.md'), `# The last full run\n\n${tables.join('\n')}`)
}

if (import.meta.main) draw()
