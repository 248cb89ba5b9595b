/**
 * The configuration of a service, in its three forms: stored (JSON, secrets sealed), shown (control-plane 4.3, 5.2: masked, with
 * `service_id` and every setting), and effective (what an instance is made from: secrets open, defaults filled in).
 */
import {
  BadRequest,
  type ConfigField,
  type ConfigSchema,
  type ConfigValues,
  isPlace,
  type Json,
  placeSetting,
  places,
  type ServiceType,
} from 'dataferry/sdk'
import { mask, type Secrets } from '../store/secrets.ts'
import { knownTypes } from './catalogue.ts'
import { checkKnown, knownConfigs } from './known-configs.ts'

/** Settings by name; a secret is `{"$sealed": "v1:..."}`. */
export type StoredConfig = { readonly [name: string]: Json }

/** What is known of a type's configuration. */
export interface ConfigKind {
  readonly type: string
  readonly group: string
  /** null: nobody knows its settings, all are kept. */
  readonly schema: ConfigSchema | null
  check(config: ConfigValues): void
}

/** null when nobody knows the type. */
export function configKind(type: string, registered: ReadonlyMap<string, ServiceType>): ConfigKind | null {
  const own = registered.get(type)
  if (own !== undefined) return { type, group: own.group, schema: own.config, check: (config) => own.check?.(config) }
  const known = knownTypes.get(type)
  if (known === undefined) return null
  return { type, group: known.group, schema: knownConfigs[type] ?? null, check: (config) => checkKnown(type, config) }
}

const purpose = 'service.config'
const looksSecret = /pass(word|code|phrase)?$|secret|private_?key|account_key|api_?key|token$/i

/** Settings that are read though no form shows them (control-plane 2.2): they come with alternate authentication. */
const unshown: { readonly [type: string]: readonly string[] } = {
  user: ['db_service_id', 'table', 'username_field', 'password_field', 'email_field', 'other_fields', 'filter'].map(
    (name) => `alt_auth_${name}`,
  ),
}

/** Takes new ids for rows inside configurations, by the name of their list (`rws.parameters`). */
export type NewRowIds = (list: string, count: number) => Promise<number>

/**
 * The stored form after a write: what was sent over what was there. Unknown settings are dropped, an empty text is null, the mask
 * leaves a secret as it is. `stored` may be of another type: what both know stays.
 */
export async function mergeConfig(
  kind: ConfigKind,
  stored: StoredConfig | null,
  sent: Json,
  secrets: Secrets,
  newIds: NewRowIds,
): Promise<StoredConfig> {
  const merged: { [name: string]: Json } = Object.create(null)
  for (const [name, value] of Object.entries(stored ?? {})) {
    if (kind.schema === null || fieldOf(kind.schema, name) !== null || name === placeSetting) merged[name] = value
  }
  for (const [name, value] of Object.entries(asObject(sent))) {
    if (name === 'service_id') continue
    if (namesPlace(kind, name)) {
      if (!isPlace(value)) throw new BadRequest(`The setting '${name}' must be one of ${places.join(', ')}.`)
      merged[placeSetting] = value === '' ? null : value
      continue
    }
    const field = kind.schema === null ? guessed(name) : fieldOf(kind.schema, name)
    if (field === null) continue
    if (isSecret(field)) {
      if (value === mask) continue
      merged[name] =
        value === null || value === '' ? null : { $sealed: secrets.seal(plainSecret(field, value), purpose) }
    } else if (field.type === 'array' && Array.isArray(field.items)) {
      merged[name] = await mergeRows(kind, field, field.items, value, merged[name], newIds)
    } else merged[name] = normalize(field, value)
  }
  return merged
}

/** Throws BadRequest when the type or a required setting refuses the configuration. */
export function checkConfig(kind: ConfigKind, stored: StoredConfig, secrets: Secrets): void {
  const values = openConfig(kind, stored, secrets)
  kind.check(values)
  for (const field of kind.schema ?? []) {
    if (field.required && (values[field.name] ?? null) === null) {
      throw new BadRequest(`The setting '${field.name}' (${field.label}) is required.`)
    }
  }
}

/** As records show it: `[]` for a type without settings; `null` is a service that was stored without a configuration. */
export function shownConfig(
  kind: ConfigKind | null,
  serviceId: number,
  stored: StoredConfig | null,
  secrets: Secrets,
): Json {
  const schema = kind?.schema ?? null
  if (schema !== null && schema.length === 0) return []
  if (stored === null && kind?.group === 'Database') return { allow_upsert: false, max_records: false }
  const shown: { [name: string]: Json } = Object.create(null)
  shown.service_id = serviceId
  if (kind === null || schema === null) {
    for (const [name, value] of Object.entries(stored ?? {})) shown[name] = isSealedValue(value) ? mask : value
    return shown
  }
  for (const field of inRecordOrder(schema))
    shown[field.name] = shownSetting(field, stored?.[field.name] ?? null, kind, serviceId, secrets)
  for (const name of unshown[kind.type] ?? []) shown[name] ??= null
  // No form shows it, so that forms are what administration tools expect.
  if (stored?.[placeSetting]) shown[placeSetting] = stored[placeSetting]
  return shown
}

/**
 * What an instance of the service is made from: every setting of the schema, secrets in clear. A secret that can't be opened is null,
 * and told to `lost`.
 */
export function openConfig(
  kind: ConfigKind | null,
  stored: StoredConfig | null,
  secrets: Secrets,
  lost: (name: string) => void = () => {},
): ConfigValues {
  const open: { [name: string]: Json } = Object.create(null)
  for (const [name, value] of Object.entries(stored ?? {})) {
    if (!isSealedValue(value)) {
      open[name] = value
      continue
    }
    const text = secrets.tryOpen(value.$sealed, purpose)
    if (text === null) lost(name)
    open[name] = text === null ? null : openSecret(kind?.schema ? fieldOf(kind.schema, name) : null, text)
  }
  for (const field of kind?.schema ?? []) open[field.name] ??= field.default ?? null
  return open
}

// ---- parts --------------------------------------------------------------------------------------------------------------------

const fieldOf = (schema: ConfigSchema, name: string): ConfigField | null =>
  schema.find((field) => field.name === name) ?? null
/** `host` means the place too, where it means nothing else. */
const namesPlace = ({ schema }: ConfigKind, name: string): boolean =>
  name === placeSetting || (name === 'host' && schema !== null && fieldOf(schema, name) === null)
const guessed = (name: string): ConfigField => ({
  name,
  label: name,
  type: 'object',
  ...(looksSecret.test(name) ? { secret: 'masked' } : {}),
})
const isSecret = (field: ConfigField): boolean => field.secret !== undefined || field.type === 'password'

function isSealedValue(value: Json): value is { readonly $sealed: string } {
  return typeof value === 'object' && value !== null && '$sealed' in value && typeof value.$sealed === 'string'
}

function asObject(sent: Json): { readonly [name: string]: Json } {
  if (sent === null || (Array.isArray(sent) && sent.length === 0)) return {}
  if (typeof sent !== 'object' || Array.isArray(sent))
    throw new BadRequest('The config of a service must be an object.')
  return sent as { readonly [name: string]: Json }
}

/** Secrets are texts at rest; other values keep their form through JSON. */
const plainSecret = (field: ConfigField, value: Json): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'object' || field.type === 'object'
      ? JSON.stringify(value)
      : String(value)
function openSecret(field: ConfigField | null, text: string): Json {
  if (field?.type !== 'object' && field?.type !== 'array') return text
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

function normalize(field: ConfigField, value: Json): Json {
  if (value === null || value === '') return null
  if (field.type === 'integer' || field.type === 'verb_mask') return wholeNumber(field, value)
  if (field.type === 'boolean') return truth(field, value)
  // Forms send the ids of other records as texts.
  if (field.type === 'picklist' && /_id$|^default_role$/.test(field.name) && /^\d+$/.test(String(value)))
    return Number(value)
  return value
}

function wholeNumber(field: ConfigField, value: Json): Json {
  // max_records reads `false` until a number was stored, and comes back so from forms.
  if (value === false) return null
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw new BadRequest(`The setting '${field.name}' (${field.label}) must be a whole number.`)
}

function truth(field: ConfigField, value: Json): boolean {
  if (typeof value === 'boolean') return value
  const word = String(value).toLowerCase()
  if (['1', 'true', 'yes', 'y', 't', 'on'].includes(word)) return true
  if (['0', 'false', 'no', 'n', 'f', 'off'].includes(word)) return false
  throw new BadRequest(`The setting '${field.name}' (${field.label}) must be true or false.`)
}

async function mergeRows(
  kind: ConfigKind,
  list: ConfigField,
  fields: readonly ConfigField[],
  sent: Json,
  stored: Json | undefined,
  newIds: NewRowIds,
): Promise<Json> {
  if (sent === null || sent === '') return []
  if (!Array.isArray(sent)) throw new BadRequest(`The setting '${list.name}' (${list.label}) must be a list.`)
  const known = new Map((Array.isArray(stored) ? stored : []).map((row) => [idOf(row), row] as const))
  const fresh = sent.filter((row) => !known.has(idOf(row)))
  let next = fresh.length > 0 ? await newIds(`${kind.type}.${list.name}`, fresh.length) : 0
  return sent.map((row: Json) => {
    const given = asObject(row)
    const before = known.get(idOf(row))
    const merged: { [name: string]: Json } = Object.create(null)
    merged.id = before === undefined ? next++ : idOf(row)
    for (const field of fields) {
      const value = given[field.name]
      const old = before === undefined ? undefined : asObject(before)[field.name]
      merged[field.name] =
        value === undefined ? (old ?? field.default ?? null) : (normalize(field, value) ?? field.default ?? null)
    }
    return merged
  })
}

function idOf(row: Json): number | null {
  const id = typeof row === 'object' && row !== null && 'id' in row ? Number(row.id) : null
  return id !== null && Number.isSafeInteger(id) && id > 0 ? id : null
}

/** Database records begin with the driver's settings and end with the four of the records engine (control-plane 5.2). */
function inRecordOrder(schema: ConfigSchema): ConfigSchema {
  const place = (name: string): number =>
    ['options', 'attributes', 'statements'].includes(name)
      ? 0
      : ['allow_upsert', 'max_records', 'cache_enabled', 'cache_ttl'].includes(name)
        ? 2
        : 1
  return schema.some((field) => field.name === 'statements')
    ? schema.toSorted((a, b) => place(a.name) - place(b.name))
    : schema
}

function shownSetting(field: ConfigField, stored: Json, kind: ConfigKind, serviceId: number, secrets: Secrets): Json {
  if (isSecret(field)) {
    if (stored === null || field.secret !== 'encrypted') return stored === null ? null : mask
    if (!isSealedValue(stored)) return stored
    const text = secrets.tryOpen(stored.$sealed, purpose)
    return text === null ? mask : openSecret(field, text)
  }
  if (kind.group === 'Database' && field.name === 'max_records') return stored ?? false
  if (field.type === 'array' && Array.isArray(field.items)) {
    return (Array.isArray(stored) ? stored : []).map((row: Json) => {
      const { id = null, ...rest } = asObject(row)
      return { id, service_id: serviceId, ...rest }
    })
  }
  return stored ?? field.default ?? null
}
