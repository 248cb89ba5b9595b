/** What was measured, as a table for people and as JSON. */
import { cpus, totalmem } from 'node:os'
import { loader, median } from './load.ts'
import type { Kind } from './tables.ts'

/** One round of one server. */
export interface Round {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** The server's CPU microseconds for each request; null where the system does not tell. */
  readonly cpu: number | null
  /** The most memory that the server held, MiB. */
  readonly peak: number | null
}
/** Medians of the rounds. */
export type Summary = Round

export interface Result {
  readonly scenario: string
  readonly connections: number
  readonly ours: Summary
  readonly baseline: Summary | null
  /** Median of the rounds' ratios of requests per second, and of CPU per request; null without a baseline. */
  readonly ratio: number | null
  readonly cpuRatio: number | null
}
export interface Report {
  readonly database: string
  readonly kind: Kind | null
  readonly machine: string
  readonly rounds: number
  readonly seconds: number
  readonly results: readonly Result[]
  /** Of what is kept: the commit that was measured, and the day. */
  readonly commit?: string
  readonly day?: string
}

export const machine = (): string =>
  `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}, ${loader}`

const rounded = (value: number): number => Number(value.toPrecision(4))
const hundredths = (value: number): number => Math.round(value * 100) / 100
const known = (values: readonly (number | null)[]): number | null => {
  const told = values.filter((value) => value !== null)
  return told.length === 0 ? null : rounded(median(told))
}

function summary(rounds: readonly Round[]): Summary {
  const of = (what: 'perSecond' | 'p50' | 'p99' | 'p999'): number => rounded(median(rounds.map((round) => round[what])))
  return {
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    p999: of('p999'),
    cpu: known(rounds.map(({ cpu }) => cpu)),
    peak: known(rounds.map(({ peak }) => peak)),
  }
}

export function resultOf(
  scenario: string,
  connections: number,
  ours: readonly Round[],
  baseline: readonly Round[],
): Result {
  const pairs = ours.flatMap((mine, i) => {
    const other = baseline[i]
    return other === undefined ? [] : [{ mine, other }]
  })
  const cpu = pairs.flatMap(({ mine, other }) => (mine.cpu === null || !other.cpu ? [] : [mine.cpu / other.cpu]))
  return {
    scenario,
    connections,
    ours: summary(ours),
    baseline: pairs.length === 0 ? null : summary(baseline),
    ratio:
      pairs.length === 0 ? null : hundredths(median(pairs.map(({ mine, other }) => mine.perSecond / other.perSecond))),
    cpuRatio: cpu.length === 0 ? null : hundredths(median(cpu)),
  }
}

export function table({ database, rounds, seconds, machine: on, results }: Report): string {
  const lines = [
    `**${database}**: ${on}; server, database and load generator share it. ${rounds} interleaved rounds of ${seconds} s, medians.`,
    '',
    '| scenario | server | req/s | p50 ms | p99 ms | p99.9 ms | CPU us/req | peak MiB | times the baseline | times its CPU |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ]
  const row = (name: string, server: string, it: Summary, ratio: string, cpuRatio: string): string =>
    `| ${[name, server, it.perSecond, it.p50, it.p99, it.p999, it.cpu ?? 'n/a', it.peak ?? 'n/a', ratio, cpuRatio].join(' | ')} |`
  for (const { scenario, connections, ours, baseline, ratio, cpuRatio } of results) {
    const name = `${scenario} (${connections} conn.)`
    lines.push(
      row(name, 'Dataferry', ours, ratio === null ? '' : `**${ratio.toFixed(2)}**`, cpuRatio?.toFixed(2) ?? ''),
    )
    if (baseline !== null) lines.push(row('', 'by hand', baseline, '1', '1'))
  }
  return lines.join('\n')
}
