/** What `--help` prints: of all commands, and of one. */
import type { Command } from '../plugins/commands.ts'

export type Described = Pick<Command, 'name' | 'summary' | 'details' | 'arguments' | 'options'>

const common = [
  { name: 'json', help: 'Prints the answer as JSON, and an error as JSON on the standard error.' },
  { name: 'help', help: 'Prints this.' },
] as const

export function overview(commands: readonly Described[]): string {
  return [
    'usage: dataferry [command] [options]',
    '',
    ...columns(commands.map((each) => [each.name, each.summary])),
    '',
    "dataferry <command> --help tells more of one. Settings are read from the environment and from the working directory's",
    '.env: see docs/configuration.md.',
  ].join('\n')
}

export function helpOf({ name, summary, details, arguments: taken, options }: Described): string {
  const words = taken.map((each) => (each.optional === true ? `[${each.name}]` : `<${each.name}>`))
  const lines = [`usage: dataferry ${[name, ...words].join(' ')} [options]`, '', summary]
  if (details !== undefined) lines.push('', details)
  if (taken.length > 0) lines.push('', ...columns(taken.map((each) => [each.name, each.help])))
  const shown = [...options, ...common].map((each) => {
    const value = 'value' in each && each.value !== undefined ? ` ${each.value}` : ''
    return [`--${each.name}${value}`, each.help] as const
  })
  return [...lines, '', ...columns(shown)].join('\n')
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${first.padEnd(width)}   ${second}`)
}
