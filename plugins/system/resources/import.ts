/**
 * `system/import?service=db&resource=table` (control-plane 4.8): makes a table of CSV or JSON records and loads them. It is asked of
 * the service as any client would ask, so that the caller's own rights decide.
 */
import { isMembers, type Members, payloadOf } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Body,
  collect,
  Decimal,
  decodeCsv,
  type Json,
  type Output,
  type PluginHost,
  parseJson,
} from 'dataferry/sdk'
import { answer, noSuchVerb } from '../sessions/body.ts'
import { reasonOf } from './reason.ts'
import { fetchedFile, formOf } from './upload.ts'

export interface ImportDeps {
  readonly call: PluginHost['call']
  readonly settings: PluginHost['settings']
}

const columnsMost = 500
const none: Body = { kind: 'none' }
/** Records of one request to the service. */
const portion = 500

export async function importTable(request: ApiRequest, deps: ImportDeps, signal: AbortSignal): Promise<ApiReply> {
  if (request.verb !== 'POST') throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'import')
  const service = named(request, 'service').toLowerCase()
  const table = named(request, 'resource')
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(table))
    throw new BadRequest('The name of the table may have letters, digits and underscores.')
  const records = await recordsOf(request, deps, signal)
  const columns = columnsOf(records)
  const ask = (verb: 'POST' | 'DELETE', path: readonly string[], value: Json): Promise<ApiReply> => {
    const body = value === null ? none : ({ kind: 'value', value, typed: true } as const)
    // Without it a table that is there would be changed, and removed when its new records fail.
    const query = new Map<string, Json>([['check_exist', 'true']])
    return deps.call({ ...request, verb, service, path, query, trailingSlash: false, body }, signal)
  }
  const field = [
    ...(columns.some((each) => each.name.toLowerCase() === 'id') ? [] : [identity]),
    ...columns.map(fieldOf),
  ]
  await ask('POST', ['_schema'], { resource: [{ name: table, field }] })
  try {
    for (let from = 0; from < records.length; from += portion) {
      const rows = records.slice(from, from + portion).map((record) => rowOf(record, columns))
      await ask('POST', ['_table', table], { resource: rows })
    }
  } catch (error) {
    await ask('DELETE', ['_schema', table], null).catch((cause: unknown) => {
      throw new BadRequest(
        `The records could not be loaded: ${reasonOf(error)} The new table '${table}' could not be removed again.`,
        { cause },
      )
    })
    throw new BadRequest(`Nothing was imported: ${reasonOf(error)}`, { cause: error })
  }
  const { routePrefix } = deps.settings.api
  return answer({ resource: `${request.origin}/${routePrefix}/v2/${service}/_table/${table}` })
}

function named({ query }: ApiRequest, name: string): string {
  const value = query.get(name)
  if (typeof value !== 'string' || value.trim() === '') throw new BadRequest(`The parameter '${name}' is required.`)
  return value.trim()
}

/** The records of the body, of a file in a form, or of one at `import_url`. */
async function recordsOf(
  request: ApiRequest,
  { settings }: ImportDeps,
  signal: AbortSignal,
): Promise<readonly Members[]> {
  const { output } = request
  const read = async (name: string, bytes: AsyncIterable<Uint8Array>): Promise<Body> =>
    fileBody(name, await collect(bytes), output)
  const form = await formOf(request, read)
  const sent = form?.file ?? (await fetchedFile(request.query.get('import_url') ?? null, settings, read, signal))
  const { records } = payloadOf(sent ?? request.body, output)
  if (records === null || !records.every(isMembers))
    throw new BadRequest('Send the records as text/csv with a header line, or as JSON objects in a list.')
  return records
}

/** By the ending of its name, else by how it begins. */
function fileBody(name: string, bytes: Uint8Array, { wrapperName }: Output): Body {
  const text = decodedText(bytes)
  const isJson = /\.json$/i.test(name) || (!/\.(?:csv|txt)$/i.test(name) && /^\s*[[{]/.test(text))
  if (isJson) return { kind: 'value', value: parseJson(text), typed: true }
  return { kind: 'value', value: decodeCsv(text, wrapperName), typed: false }
}

function decodedText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new BadRequest('The file is not valid UTF-8.')
  }
}

interface Column {
  readonly name: string
  readonly type: 'integer' | 'double' | 'boolean' | 'string' | 'text'
  readonly length: number
}

const identity: Json = { name: 'id', type: 'id' }

/** Every name of any record, with the narrowest type that all its values have. */
function columnsOf(records: readonly Members[]): readonly Column[] {
  const values = new Map<string, Json[]>()
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) {
      const known = values.get(name) ?? []
      values.set(name, known)
      if (value !== null && value !== '') known.push(value)
    }
  }
  if (values.size === 0 || values.size > columnsMost)
    throw new BadRequest(`A table is made of 1 to ${columnsMost} columns.`)
  return [...values].map(([name, given]) => {
    if (name.trim() === '') throw new BadRequest('Every column needs a name.')
    return { name, ...typeOf(given) }
  })
}

function typeOf(values: readonly Json[]): Pick<Column, 'type' | 'length'> {
  const unlimited = { length: 0 }
  if (values.length > 0 && values.every((value) => typeof value === 'boolean')) return { type: 'boolean', ...unlimited }
  const texts = values.map(textOf)
  // CSV has no other way to say so.
  if (texts.length > 0 && texts.every((text) => text === 'true' || text === 'false'))
    return { type: 'boolean', ...unlimited }
  // A leading zero is part of a code, not of a number.
  if (texts.length > 0 && texts.every((text) => /^-?(?:0|[1-9]\d{0,8})$/.test(text)))
    return { type: 'integer', ...unlimited }
  if (
    texts.length > 0 &&
    texts.every((text) => /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?(?:[eE][+-]?\d{1,3})?$/.test(text))
  )
    return { type: 'double', ...unlimited }
  const longest = Math.max(0, ...texts.map((text) => [...text].length))
  return longest <= 255 ? { type: 'string', length: 255 } : { type: 'text', ...unlimited }
}

const textOf = (value: Json): string =>
  typeof value === 'object' && value !== null && !(value instanceof Decimal) ? JSON.stringify(value) : String(value)

/** A column `id` of numbers is the key. */
function fieldOf({ name, type, length }: Column): Json {
  if (name.toLowerCase() === 'id' && type === 'integer')
    return { name, type: 'integer', is_primary_key: true, allow_null: false }
  return { name, type, allow_null: true, ...(length > 0 ? { length } : {}) }
}

function rowOf(record: Members, columns: readonly Column[]): Members {
  return Object.fromEntries(
    columns.map(({ name, type }) => {
      const value = record[name] ?? null
      if (value === null || value === '') return [name, null]
      if (type === 'boolean') return [name, value === true || value === 'true']
      return [name, type === 'string' || type === 'text' ? textOf(value) : value]
    }),
  )
}
