/**
 * What of the system a package holds (control-plane 4.8): the kinds of records, the fields of each that mean something elsewhere, and
 * the references between them, which are ids here and must be others there.
 */
import { isMembers, type Members } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import { optionalAt, textAt } from '../store/columns.ts'
import type { Equal, StoreRow } from '../store/tables.ts'

/** Rows of a record that come along with it. */
export interface Children {
  readonly relation: string
  readonly table: string
  readonly owner: string
  readonly fields: readonly string[]
}

export interface Kind {
  /** The resource, and the name of the kind in a manifest. */
  readonly name: string
  readonly table: string
  readonly where: Equal
  /** What a record is known by on every server. */
  readonly key: 'name' | 'email' | 'path'
  readonly fields: readonly string[]
  readonly children: readonly Children[]
}

const lookupFields = ['name', 'value', 'private', 'description']
const lookups = (owner: string): Children => ({
  relation: `lookup_by_${owner}`,
  table: 'lookup',
  owner,
  fields: lookupFields,
})
const person = ['username', 'email', 'first_name', 'last_name', 'name', 'phone', 'is_active', 'default_app_id']
const assignments: Children = {
  relation: 'user_to_app_to_role_by_user_id',
  table: 'user_to_app_to_role',
  owner: 'user_id',
  fields: ['app_id', 'role_id'],
}
const named = { where: {}, key: 'name', children: [] } as const

/** In the order in which a package is read: what refers comes after what it refers to. */
export const kinds: readonly Kind[] = [
  {
    name: 'role',
    table: 'role',
    ...named,
    fields: ['name', 'description', 'is_active'],
    children: [
      {
        relation: 'role_service_access_by_role_id',
        table: 'role_service_access',
        owner: 'role_id',
        fields: ['service_id', 'component', 'verb_mask', 'requestor_mask', 'filters', 'filter_op', 'fields'],
      },
      lookups('role_id'),
    ],
  },
  {
    name: 'email_template',
    table: 'email_template',
    ...named,
    fields: [
      ...['name', 'description', 'to', 'cc', 'bcc', 'subject', 'attachment', 'body_text', 'body_html'],
      ...['from_name', 'from_email', 'reply_to_name', 'reply_to_email', 'defaults'],
    ],
  },
  {
    name: 'service',
    table: 'service',
    ...named,
    fields: ['name', 'label', 'description', 'is_active', 'type', 'config', 'service_doc_by_service_id'],
  },
  {
    name: 'app',
    table: 'app',
    ...named,
    fields: [
      ...['name', 'description', 'is_active', 'type', 'path', 'url', 'storage_service_id', 'storage_container'],
      ...['requires_fullscreen', 'allow_fullscreen_toggle', 'toggle_location', 'role_id', 'api_key'],
    ],
    children: [lookups('app_id')],
  },
  ...(['user', 'admin'] as const).map(
    (name): Kind => ({
      name,
      table: 'user',
      where: { is_sys_admin: name === 'admin' },
      key: 'email',
      fields: person,
      children: [assignments, lookups('user_id')],
    }),
  ),
  {
    name: 'cors',
    table: 'cors_config',
    ...named,
    key: 'path',
    fields: [
      ...['path', 'description', 'origin', 'header', 'exposed_header', 'method', 'max_age'],
      ...['supports_credentials', 'enabled'],
    ],
  },
  {
    name: 'limit',
    table: 'limits',
    ...named,
    fields: [
      ...['type', 'name', 'description', 'rate', 'period', 'user_id', 'role_id', 'service_id', 'endpoint', 'verb'],
      'is_active',
    ],
  },
  {
    name: 'lookup',
    table: 'lookup',
    ...named,
    where: { app_id: null, role_id: null, user_id: null },
    fields: lookupFields,
  },
  { name: 'custom', table: 'system_custom', ...named, fields: ['name', 'value'] },
]

/** The kinds that others refer to. */
export const referred = ['role', 'service', 'app', 'email_template', 'user'] as const
export type Referred = (typeof referred)[number]

/** What a field refers to; null: it is no reference. */
export function referredBy(field: string): Referred | null {
  if (/(?:^|_)service_id$/.test(field)) return 'service'
  if (/template_id$/.test(field)) return 'email_template'
  if (/(?:^|_)role_id$|^default_role$/.test(field)) return 'role'
  if (/(?:^|_)app_id$/.test(field)) return 'app'
  return field === 'user_id' ? 'user' : null
}

/** A value with every reference in it replaced; `replace` is given what it refers to and the id. */
export function withReferences(value: Json, replace: (to: Referred, id: number) => Json): Json {
  if (Array.isArray(value)) return value.map((each: Json) => withReferences(each, replace))
  if (!isMembers(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => {
      const to = referredBy(name)
      const id = typeof held === 'number' || (typeof held === 'string' && /^\d+$/.test(held)) ? Number(held) : null
      return [name, to !== null && id !== null ? replace(to, id) : withReferences(held, replace)]
    }),
  )
}

export const keyOf = (kind: Kind, row: StoreRow): string => textAt(row, kind.key)

/** As a manifest names a record (control-plane 4.8). */
export function manifestEntry(kind: Kind, row: StoreRow): Json {
  if (kind.key !== 'email') return keyOf(kind, row)
  return {
    username: optionalAt(row, 'username'),
    email: optionalAt(row, 'email'),
    first_name: optionalAt(row, 'first_name'),
    last_name: optionalAt(row, 'last_name'),
  }
}

/** The fields of these names, those that are not there left out. */
export const picked = (record: Members, names: readonly string[]): Members =>
  Object.fromEntries(names.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name] as Json]])))
