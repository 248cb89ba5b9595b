/**
 * Writes docs/configuration.md from the schema: `node config/docs.ts` (npm run docs:config). With `--check` it writes
 * nothing and fails when the page is not what it would write.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { settings } from './load.ts'
import { sections } from './schema.ts'
import type { Setting } from './setting.ts'

const page = fileURLToPath(new URL('../docs/configuration.md', import.meta.url))

const introduction = `# Configuration

<!-- Generated from config/schema.ts by \`npm run docs:config\`. Do not edit. -->

Dataferry is configured by environment variables and by a file \`.env\` in the working directory. A variable of the
environment wins over the file. An empty value counts as not set. There is nothing that must be set.

The configuration is read once, at start. A value that is not accepted stops the start, and every problem is named at
once. A name that starts with \`DF_\` and is not a setting is a warning.

* A **duration** is a number in the unit given below, or a number with its unit: \`250ms\`, \`30s\`, \`5min\`, \`2h\`, \`1d\`.
* A **size** is a number of bytes, or a number with a unit: \`64KiB\` (also \`64k\`, \`64KB\`), \`16MiB\`, \`1GiB\`.
* A **list** has commas between its entries.
* A relative **path** is under the working directory.
`

/** The whole text of docs/configuration.md. */
export function configurationPage(): string {
  const groups = Map.groupBy(settings(), ({ path }) => (path.length === 1 ? 'general' : (path[0] ?? 'general')))
  const parts = Object.entries(sections).map(([section, title]) => {
    const rows = (groups.get(section) ?? []).map(({ setting }) => row(setting))
    return `## ${title}\n\n| setting | accepts | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return [introduction, ...parts].join('\n')
}

function row(setting: Setting<unknown>): string {
  const names = [setting.env, ...setting.aliases].map(code).join('<br>also ')
  const unit = setting.kind === 'int' && setting.unit !== null ? ` (${setting.unit})` : ''
  const cells = [names, setting.accepts + unit, showDefault(setting), setting.help]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function showDefault(setting: Setting<unknown>): string {
  const value = setting.default
  if (setting.defaultText !== null) return setting.defaultText
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'none'
  if (Array.isArray(value)) return code(value.join(','))
  return code(String(value))
}

function code(word: string): string {
  return `\`${word}\``
}

if (import.meta.main) {
  const wanted = configurationPage()
  if (!process.argv.includes('--check')) {
    writeFileSync(page, wanted)
  } else if (readFileSync(page, 'utf8') !== wanted) {
    console.error('docs/configuration.md is not up to date: run npm run docs:config')
    process.exitCode = 1
  }
}
