/**
 * Rights on fields in a role's row of access, beside its `filters`: `{"hidden":["salary"],"read_only":["email"]}`. Our own addition to
 * the contract; a row without any shows no `fields`, so that records look as clients know them.
 */
import { BadRequest, type Json } from 'dataferry/sdk'
import type { StoreRow } from '../store/tables.ts'

export type FieldRightsValue = { readonly hidden: readonly string[]; readonly read_only: readonly string[] }

const members = ['hidden', 'read_only'] as const
const form = `Field 'fields' must be an object like {"hidden":["name"],"read_only":["name"]}.`

/** The text of the column; null for no rights on fields at all. Throws BadRequest for another form. */
export function fieldRightsText(sent: Json): string | null {
  const value = readFieldRights(sent)
  return value === null || value.hidden.length + value.read_only.length === 0 ? null : JSON.stringify(value)
}

/** From what was sent, or from the text of the column; null: none. Throws BadRequest. */
export function readFieldRights(from: Json): FieldRightsValue | null {
  const value = typeof from === 'string' && from !== '' ? parsed(from) : from
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return null
  if (typeof value !== 'object' || Array.isArray(value)) throw new BadRequest(form)
  const object = value as { readonly [name: string]: Json }
  const unknown = Object.keys(object).find((name) => !members.some((member) => member === name))
  if (unknown !== undefined) throw new BadRequest(`${form} '${unknown}' is none of its members.`)
  return { hidden: namesIn(object.hidden ?? null), read_only: namesIn(object.read_only ?? null) }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    throw new BadRequest(form)
  }
}

function namesIn(value: Json): readonly string[] {
  if (value === null) return []
  const isName = (each: Json): each is string => typeof each === 'string' && each.trim() !== ''
  if (!Array.isArray(value) || !value.every(isName)) throw new BadRequest(form)
  return [...new Set(value.map((name: string) => name.trim()))]
}

/**
 * Throws BadRequest for rights on fields in a row that covers no table: they would protect nothing. `row` is as it will be stored.
 */
export function checkFieldRights(row: StoreRow): void {
  if ((row.fields ?? null) === null) return
  if ((row.service_id ?? null) === null)
    throw new BadRequest("Field 'fields' needs a service: rows for all services have no rights on fields.")
  const component = typeof row.component === 'string' ? row.component.replace(/^\/+|\/+$/g, '').toLowerCase() : ''
  if (!coversTables(component)) {
    throw new BadRequest(
      `Field 'fields' needs a component of tables, for example '_table/contact/*', not '${row.component ?? ''}'.`,
    )
  }
}

/** Rights are looked up by `_table/{table}`. */
function coversTables(component: string): boolean {
  const star = component.indexOf('*')
  if (star === -1) return /^_table\/[^/]+$/.test(component)
  if (star !== component.length - 1) return false
  const prefix = component.slice(0, star)
  return '_table/'.startsWith(prefix) || /^_table\/[^/]*\/?$/.test(prefix)
}
