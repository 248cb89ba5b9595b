/**
 * Figures as plain data: what one process counted, how those of several are added up, and the text that Prometheus reads (text format
 * 0.0.4). A process is told apart by the label `process` where a sum would say nothing (memory, the event loop).
 */

/** Label values by name; what makes a sample one of its own. */
export type Labels = { readonly [name: string]: string }

/** [C] */
export interface Sample {
  /** Behind the family's name: `_bucket`, `_sum`, `_count`; empty for counters and gauges. */
  readonly suffix: string
  readonly labels: Labels
  readonly value: number
}

/** [C] */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** The same families with the samples of all; equal labels are added up. */
export function sum(reports: readonly (readonly Family[])[]): readonly Family[] {
  const families = new Map<string, { readonly family: Family; readonly samples: Map<string, Sample> }>()
  for (const family of reports.flat()) {
    let merged = families.get(family.name)
    if (merged === undefined) {
      merged = { family, samples: new Map() }
      families.set(family.name, merged)
    }
    for (const sample of family.samples) {
      const key = sample.suffix + labelText(sample.labels)
      const known = merged.samples.get(key)
      merged.samples.set(key, known === undefined ? sample : { ...sample, value: known.value + sample.value })
    }
  }
  return [...families.values()].map(({ family, samples }) => ({ ...family, samples: [...samples.values()] }))
}

/** Every line ends with a line feed. Families without samples are left out. */
export function text(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(({ suffix, labels, value }) => `${name}${suffix}${labelText(labels)} ${value}\n`)
      return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
}

export const counter = (name: string, help: string, samples: readonly (readonly [Labels, number])[]): Family => ({
  name,
  help,
  type: 'counter',
  samples: plain(samples),
})

export const gauge = (name: string, help: string, samples: readonly (readonly [Labels, number])[]): Family => ({
  name,
  help,
  type: 'gauge',
  samples: plain(samples),
})

const plain = (samples: readonly (readonly [Labels, number])[]): readonly Sample[] =>
  samples.map(([labels, value]) => ({ suffix: '', labels, value }))

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (given: string): string => given.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
