/**
 * Views of a database (data-plane 8.2): `design` and `view` name one, other options are passed on. What a view gives is made of all
 * documents, whatever a role may see of them, so only who may see all of them can ask.
 */

import { nameOf, noAccess, type Table, wrapList } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  encodeJson,
  Forbidden,
  type Json,
  NotFound,
  parseJson,
  type ServiceHost,
  verbBits,
} from 'dataferry/sdk'
import type { CouchClient, Members } from './client.ts'
import { isOwn } from './find.ts'

/** Options that are numbers, switches, or JSON. */
const options: { readonly [name: string]: RegExp | null } = {
  limit: /^\d{1,9}$/,
  skip: /^\d{1,9}$/,
  group_level: /^\d{1,3}$/,
  include_docs: /^(true|false)$/,
  descending: /^(true|false)$/,
  inclusive_end: /^(true|false)$/,
  group: /^(true|false)$/,
  reduce: /^(true|false)$/,
  key: null,
  keys: null,
  startkey: null,
  endkey: null,
}

/** `name`: as the caller calls the table. */
interface Asked {
  readonly request: ApiRequest
  readonly table: Table
  readonly name: string
}

export const asksView = ({ verb, path, query }: ApiRequest): boolean =>
  verb === 'GET' && path[0] === '_table' && path.length === 2 && (query.has('design') || query.has('view'))

/** Throws Forbidden, NotFound, BadRequest. */
export async function viewReply(
  client: CouchClient,
  host: ServiceHost,
  { request: { query, caller, output }, table, name }: Asked,
  signal: AbortSignal,
): Promise<ApiReply> {
  const policy = host.policyFor(caller, host.service.name, `_table/${nameOf(table)}`, 'GET')
  if ((policy.verbs & verbBits.GET) === 0) throw noAccess('GET', `_table/${name}`, host.service.name)
  if (policy.rows !== null || policy.hidden.size > 0)
    throw new Forbidden('A view shows all documents of a database, and this role may not see all of each.')
  const design = named(query.get('design'), 'design')
  const view = named(query.get('view'), 'view')
  const { status, body } = await client.ask(
    {
      method: 'GET',
      database: table.name,
      path: ['_design', design, '_view', view],
      query: passed(query),
      reads: true,
      signal,
    },
    [400, 404],
  )
  if (status === 404) throw new NotFound(`View '${view}' of design '${design}' does not exist in this database.`)
  if (status === 400) throw new BadRequest('The database does not accept an option of the view.')
  const { rows, total_rows: total } = body as { readonly rows: readonly Members[]; readonly total_rows?: Json }
  // Views may be made to name other documents than those that they are of.
  const shown = rows.filter(({ doc }) => !isOwn(String((doc as Members | null | undefined)?._id ?? '')))
  const list = wrapList(output, shown)
  const counts = /^(true|1)$/i.test(String(query.get('include_count') ?? '')) && typeof total === 'number'
  return {
    status: 200,
    headers: {},
    body: {
      kind: 'value',
      value: counts && !Array.isArray(list) ? { ...(list as Members), meta: { count: total } } : list,
    },
  }
}

function named(value: Json | undefined, option: string): string {
  if (typeof value !== 'string' || !/^[^/]+$/.test(value))
    throw new BadRequest(`A view is named by 'design' and 'view'; '${option}' is missing.`)
  return value
}

function passed(query: ReadonlyMap<string, Json>): { readonly [name: string]: string } {
  const found: { [name: string]: string } = {}
  for (const [name, shape] of Object.entries(options)) {
    const value = query.get(name) ?? (name === 'skip' ? query.get('offset') : undefined)
    if (value === undefined || value === null || value === '') continue
    found[name] = shape === null ? json(value, name) : String(value).toLowerCase()
    if (shape !== null && !shape.test(found[name]))
      throw new BadRequest(`Option '${name}' of a view can not be '${String(value)}'.`)
  }
  return found
}

/** A key that is no JSON is a text. */
function json(value: Json, name: string): string {
  if (typeof value !== 'string') return encodeJson(value)
  try {
    return encodeJson(parseJson(value))
  } catch (cause) {
    if (name === 'keys') throw new BadRequest("Option 'keys' of a view is a list in JSON.", { cause })
    return encodeJson(value)
  }
}
