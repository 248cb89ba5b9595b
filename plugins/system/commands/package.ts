/** `dataferry export` and `dataferry import`: services, roles and apps as one JSON file (control-plane 4.8, config_package). */
import { writeFile } from 'node:fs/promises'
import { isMembers, type Members } from 'dataferry/records'
import { BadRequest, type Command, type Json } from 'dataferry/sdk'
import { ask } from './records.ts'
import { objectIn, textOf } from './service.ts'

const exporting: Command = {
  name: 'export',
  summary: 'Writes services, roles and apps as JSON, names in the place of ids, without secrets and keys.',
  arguments: [{ name: 'file', help: 'Where to; without it the standard output.', optional: true }],
  options: [],
  existing: true,
  async run(asked, host) {
    const value = await ask(host, 'GET', ['config_package'])
    const file = asked.argument('file')
    const text = JSON.stringify(value, null, 2)
    if (file === null) return { value, text }
    try {
      await writeFile(file, `${text}\n`, { mode: 0o600 })
    } catch (error) {
      throw new BadRequest(`${file} can't be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`)
    }
    const counts = countsIn(value)
    return { value: { file, ...counts }, text: `${file} holds ${countsText(counts)}.` }
  },
}

const importing: Command = {
  name: 'import',
  summary: 'Reads what export wrote. What is there already stays as it is.',
  arguments: [{ name: 'file', help: 'What to read; - is the standard input.' }],
  options: [{ name: 'overwrite', help: 'What is there already is changed to what the file says.' }],
  async run(asked, host) {
    const file = asked.argument('file') ?? ''
    const body = objectIn(file === '-' ? await asked.input() : await textOf(file), file)
    const query: { [name: string]: Json } = asked.has('overwrite') ? { overwrite: true } : {}
    const value = await ask(host, 'POST', ['config_package'], { query, body })
    const result = isMembers(value) ? value : {}
    const errors = Array.isArray(result.errors) ? result.errors.map(String) : []
    const lines = (['created', 'updated', 'skipped'] as const).map(
      (what) => `${what}: ${countsText((isMembers(result[what]) ? result[what] : {}) as Members)}`,
    )
    return {
      value,
      text: [...lines, ...errors.map((error) => `error: ${error}`)].join('\n'),
      failed: errors.length > 0,
    }
  },
}

export const packageCommands: readonly Command[] = [exporting, importing]

const kinds = ['services', 'roles', 'apps'] as const

function countsIn(value: Json): Members {
  const manifest = isMembers(value) ? value : {}
  return Object.fromEntries(
    kinds.map((kind) => [kind, Array.isArray(manifest[kind]) ? (manifest[kind] as readonly Json[]).length : 0]),
  )
}

const countsText = (counts: Members): string => kinds.map((kind) => `${String(counts[kind] ?? 0)} ${kind}`).join(', ')
