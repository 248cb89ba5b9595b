/** What a request for a document asks (control-plane 6.1, 6.2). */
import { booleanOption } from 'dataferry/records'
import { type ApiRequest, BadRequest, type Json, type OpenApiAsked } from 'dataferry/sdk'

export interface Asked {
  readonly version: '3.0' | '3.1'
  readonly yaml: boolean
  readonly describe: OpenApiAsked
  /** Only paths and parameters. */
  readonly compact: boolean
  /** Only paths with this text in them. */
  readonly resource: string | null
}

/** `whole`: the document is of one service, so that its tables are described. Throws BadRequest. */
export function askedOf({ query, headers }: ApiRequest, whole: boolean): Asked {
  const flag = (name: string): boolean => booleanOption(query.get(name))
  const tables = tablesOf(query.get('tables'))
  const expand = flag('expand_schema') || tables !== null
  return {
    version: versionOf(query.get('version')),
    yaml: formatOf(query.get('format'), headers.accept ?? ''),
    describe: {
      tables: expand ? 'paths' : whole ? 'schemas' : 'none',
      only: tables === 'all' ? null : tables,
      refresh: flag('refresh'),
    },
    compact: flag('compact'),
    resource: textOf(query.get('resource_name')),
  }
}

const textOf = (value: Json | undefined): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null

function versionOf(value: Json | undefined): Asked['version'] {
  const asked = textOf(value)
  if (asked === null || /^3\.1(\.\d+)?$/.test(asked)) return '3.1'
  if (/^3\.0(\.\d+)?$/.test(asked)) return '3.0'
  throw new BadRequest("The parameter 'version' must be 3.0 or 3.1.")
}

function formatOf(value: Json | undefined, accept: string): boolean {
  const asked = textOf(value)?.toLowerCase()
  if (asked === undefined) return /^(application|text)\/(x-)?yaml\b/.test(accept.trim().toLowerCase())
  if (asked === 'yaml' || asked === 'yml') return true
  // Other words are of other options by the same name.
  return false
}

/** A list of names between commas; a word for yes is all. */
function tablesOf(value: Json | undefined): ReadonlySet<string> | 'all' | null {
  if (booleanOption(value)) return 'all'
  const names = textOf(value)?.toLowerCase()
  if (names === undefined || ['false', '0', 'no', 'off'].includes(names)) return null
  return new Set(names.split(',').map((name) => name.trim()))
}
