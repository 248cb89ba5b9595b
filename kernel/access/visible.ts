/** Which services a caller may see at all (control-plane 3.5), and the index that lists them (0.6). */
import type { Caller, Json, RawOptions, ServiceRecord, ServiceType, Snapshot } from '../plugins/contract.ts'
import { activeRole } from './masks.ts'
import { rulesOf } from './rules.ts'

/** Any right on the service; rows for all services count only where no row names it. Administrators see all. */
export function maySee(caller: Caller, service: string): boolean {
  if (caller.admin) return true
  const role = activeRole(caller)
  if (role === null) return false
  const own = rulesOf(role, service, caller.requestor)
  const rules = own.length > 0 ? own : rulesOf(role, '', caller.requestor)
  return rules.some(({ rule }) => rule.verbs !== 0)
}

const fieldNames = ['id', 'name', 'label', 'description', 'type'] as const

/**
 * The body of `GET /api/v2`: `{"services":[...],"service_types":[...]}`. Options: `fields`, `group` and `type` (lists between
 * commas; `group` wins). Only active services that the caller may see.
 */
export function serviceIndex(
  snapshot: Pick<Snapshot, 'services'>,
  types: ReadonlyMap<string, ServiceType>,
  query: RawOptions,
  caller: Caller,
  routePrefix: string,
): Json {
  const wanted = typeFilter(query)
  const fields = fieldsOf(query)
  const services = [...snapshot.services.values()]
    .filter(
      (record) =>
        record.isActive && wanted(types.get(record.type), record.type) && maySee(caller, record.name.toLowerCase()),
    )
    .sort((a, b) => a.id - b.id)
    .map((record) => serviceEntry(record, fields, routePrefix))
  const service_types = [...types.values()]
    .filter((type) => wanted(type, type.name))
    .sort((a, b) => naturally.compare(a.name, b.name))
    .map(({ name, label, group, description }) => ({ name, label, group, description }))
  return { services, service_types }
}

const naturally = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

function serviceEntry(record: ServiceRecord, fields: ReadonlySet<string>, routePrefix: string): Json {
  const entry: { [name: string]: Json } = {}
  for (const field of fieldNames) {
    // An unset description reads as an empty text here.
    if (fields.has(field)) entry[field] = field === 'description' ? (record.description ?? '') : record[field]
  }
  if (fields.has('name')) entry.spec_url = `/${routePrefix}/v2/${record.name}/_spec`
  return entry
}

function fieldsOf(query: RawOptions): ReadonlySet<string> {
  const asked = listOf(query, 'fields')
  return new Set(asked.length === 0 || asked.includes('*') ? fieldNames : asked)
}

function typeFilter(query: RawOptions): (type: ServiceType | undefined, name: string) => boolean {
  const groups = new Set(listOf(query, 'group'))
  if (groups.size > 0) return (type) => type !== undefined && groups.has(type.group.toLowerCase())
  const names = new Set(listOf(query, 'type'))
  return names.size > 0 ? (_type, name) => names.has(name.toLowerCase()) : () => true
}

function listOf(query: RawOptions, name: string): string[] {
  const given = query.get(name)
  if (typeof given !== 'string') return []
  return given
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '')
}
