/** What commands ask of the system's records: as requests, so that the rules and the audit log of the resources hold for them. */
import { isMembers, type Members } from 'dataferry/records'
import { ApiError, askAsHouse, BadRequest, type Json, NotFound, type PluginHost, type Verb } from 'dataferry/sdk'
import { reasonOf } from '../resources/reason.ts'

type Query = { readonly [name: string]: Json }

/** A request on the system service; a refusal says why in one line. */
export async function ask(
  host: PluginHost,
  verb: Verb,
  path: readonly string[],
  { query = {}, body = null }: { readonly query?: Query; readonly body?: Json } = {},
): Promise<Json> {
  try {
    return await askAsHouse(host, {
      verb,
      service: 'system',
      path,
      query: new Map(Object.entries(query)),
      body,
      from: 'command line',
    })
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) throw new BadRequest(reasonOf(error), { cause: error })
    throw error
  }
}

/** The records of a list. */
export async function list(host: PluginHost, resource: string, query: Query = {}): Promise<readonly Members[]> {
  const found = await ask(host, 'GET', [resource], { query })
  const records = isMembers(found) ? (found.resource ?? []) : found
  return Array.isArray(records) ? records.filter(isMembers) : []
}

/** The record whose field has this value; null: there is none. */
export async function findBy(
  host: PluginHost,
  resource: string,
  field: string,
  value: string,
): Promise<Members | null> {
  const [found] = await list(host, resource, { filter: `${field} = :value`, params: { ':value': value } })
  return found ?? null
}

/** The same, for what must be there: throws NotFound. */
export async function mustFind(host: PluginHost, resource: string, name: string, field = 'name'): Promise<Members> {
  const found = await findBy(host, resource, field, name)
  if (found === null) throw new NotFound(`There is no ${resource} '${name}'.`)
  return found
}

/** Creates a record; the fields that come back. */
export async function create(host: PluginHost, resource: string, record: Members, query: Query = {}): Promise<Members> {
  const made = await ask(host, 'POST', [resource], { query, body: { resource: [record] } })
  const [first] = isMembers(made) && Array.isArray(made.resource) ? (made.resource as readonly Json[]) : []
  return isMembers(first) ? first : {}
}

/** Columns side by side, as wide as their texts. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
