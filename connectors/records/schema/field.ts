/** One field of a schema request (data-plane 6.4): against what is there it becomes changes of the database and of its extras. */
import { BadRequest, type Json } from 'dataferry/sdk'
import type { Column, SimpleType } from '../catalog/types.ts'
import { booleanOption } from '../options.ts'
import { isMembers, type Members } from '../payload.ts'
import type { ColumnDefinition, ColumnParts, ReferenceRule } from '../plan/schema.ts'
import { defaultAsked, keptTypes, keyTypes, noType, rawColumn, type TypeAsked, typeAsked } from './words.ts'

/** A foreign key that a field asks for. */
export interface ReferenceAsked {
  readonly table: string
  /** null: the key of the table. */
  readonly field: string | null
  readonly onDelete?: ReferenceRule
  readonly onUpdate?: ReferenceRule
}

/** A field as asked for, beside the column that is there. */
export interface FieldAsked {
  readonly name: string
  readonly members: Members
  /** As it is to be; null: a virtual field, which has no column. */
  readonly definition: ColumnDefinition | null
  /** What of an existing column is to be changed. */
  readonly parts: ColumnParts
  readonly primaryKey: boolean
  readonly unique: boolean
  readonly index: boolean
  readonly reference: ReferenceAsked | null
  /** What the field is said not to have (any more). */
  readonly without: { readonly unique: boolean; readonly index: boolean; readonly reference: boolean }
  /** undefined: the type says nothing of it, so that it stays. */
  readonly extraType: SimpleType | null | undefined
}

/** The name of a field or table in a list. Throws BadRequest. */
export function nameIn(members: Json, missing: string): string {
  const name = isMembers(members) ? members.name : undefined
  if (typeof name !== 'string' && typeof name !== 'number') throw new BadRequest(missing)
  const text = String(name).trim()
  if (text === '') throw new BadRequest(missing)
  return text
}

/** Reads one field. `existing`: the column of this name. Throws BadRequest with the texts of data-plane 6.1. */
export function fieldAsked(name: string, given: Members, existing: Column | null): FieldAsked {
  const members =
    typeof given.sql === 'string' && given.sql.trim() !== '' ? { ...rawColumn(given.sql), ...given } : given
  const legacyVirtual = String(members.type ?? '').toLowerCase() === 'virtual'
  const virtual = legacyVirtual || booleanIn(members, 'is_virtual') || existing?.isVirtual === true
  const asked = legacyVirtual ? null : typeAsked(members)
  if (virtual && existing !== null && !existing.isVirtual)
    throw new BadRequest(`Field '${name}' is a column and can not be virtual.`)
  if (asked === null && existing === null && !legacyVirtual) throw noType()
  const type = asked?.kind === 'simple' ? asked.type : null
  const base = { name, members, extraType: extraTypeOf(asked, virtual) }
  if (virtual) {
    return {
      ...base,
      definition: null,
      parts: noParts,
      primaryKey: false,
      unique: false,
      index: false,
      reference: null,
      without: { unique: false, index: false, reference: false },
    }
  }
  const without = {
    unique: isRefused(members, 'is_unique'),
    index: isRefused(members, 'is_index'),
    reference: isRefused(members, 'is_foreign_key'),
  }
  const definition = definitionOf(name, members, asked, existing)
  return {
    ...base,
    definition,
    parts: existing === null ? noParts : partsOf(members, asked, definition, existing),
    primaryKey: keyTypes.has(definition.type) || booleanIn(members, 'is_primary_key'),
    unique: booleanIn(members, 'is_unique'),
    index: booleanIn(members, 'is_index'),
    reference: without.reference && existing !== null ? null : referenceOf(name, members, type, existing),
    without,
  }
}

const noParts: ColumnParts = { type: false, allowNull: false, default: false }

function extraTypeOf(asked: TypeAsked | null, virtual: boolean): SimpleType | null | undefined {
  if (asked === null) return undefined
  if (asked.kind === 'native') return virtual ? 'string' : null
  return virtual || keptTypes.has(asked.type) ? asked.type : null
}

const isRefused = (members: Members, name: string): boolean =>
  members[name] !== undefined && members[name] !== null && members[name] !== '' && !booleanIn(members, name)

const booleanIn = (members: Members, name: string): boolean => booleanOption(members[name])

function definitionOf(
  name: string,
  members: Members,
  asked: TypeAsked | null,
  existing: Column | null,
): ColumnDefinition {
  const type = typeOf(members, asked, existing)
  const kept = existing !== null && family(existing.type) === family(type) ? existing : null
  const length = numberIn(members, name, 'length') ?? numberIn(members, name, 'size') ?? kept?.length ?? undefined
  const measured = type === 'decimal' ? length : undefined
  const precision = numberIn(members, name, 'precision') ?? kept?.precision ?? measured
  const scale = numberIn(members, name, 'scale') ?? numberIn(members, name, 'decimals') ?? kept?.scale ?? undefined
  const preset =
    members.default === undefined
      ? undefined
      : defaultAsked(name, asked?.kind === 'native' ? null : type, members.default)
  return {
    name: existing?.name ?? name,
    type,
    ...(asked?.kind === 'native' ? { native: asked.text } : {}),
    ...(length === undefined ? {} : { length }),
    ...(precision === undefined ? {} : { precision }),
    ...(scale === undefined ? {} : { scale }),
    ...(members.fixed_length === undefined ? {} : { fixedLength: booleanIn(members, 'fixed_length') }),
    ...(members.supports_multibyte === undefined
      ? {}
      : { supportsMultibyte: booleanIn(members, 'supports_multibyte') }),
    allowNull: members.allow_null === undefined ? (existing?.allowNull ?? false) : booleanIn(members, 'allow_null'),
    ...(preset === undefined ? {} : { default: preset }),
  }
}

/** An automatic integer key is an `id`, however it is described. */
function typeOf(members: Members, asked: TypeAsked | null, existing: Column | null): SimpleType {
  if (asked?.kind === 'native') return 'string'
  const type = asked?.type ?? (existing === null ? 'string' : madeAs(existing.type))
  const automatic = existing === null && booleanIn(members, 'auto_increment') && booleanIn(members, 'is_primary_key')
  if (automatic && type === 'integer') return 'id'
  return automatic && type === 'bigint' ? 'bigid' : type
}

/** What a column of a type that is only reported would be made as. */
const madeAs = (type: SimpleType): SimpleType => (family(type) === 'integer' && !keptTypes.has(type) ? 'integer' : type)

/** Types that the database keeps alike. */
function family(type: SimpleType): string {
  switch (type) {
    case 'id':
    case 'reference':
    case 'user_id':
    case 'user_id_on_create':
    case 'user_id_on_update':
      return 'integer'
    case 'bigid':
      return 'bigint'
    case 'timestamp_on_create':
    case 'timestamp_on_update':
      return 'timestamp'
    case 'array':
    case 'object':
      return 'json'
    default:
      return type
  }
}

const measured: ReadonlySet<string> = new Set(['string', 'binary'])

function partsOf(members: Members, asked: TypeAsked | null, definition: ColumnDefinition, was: Column): ColumnParts {
  const isKey = was.isPrimaryKey
  return {
    type: !(isKey && was.autoIncrement) && !sameType(members, asked, definition, was),
    allowNull: members.allow_null !== undefined && !isKey && definition.allowNull !== was.allowNull,
    default: members.default !== undefined && !sameDefault(definition, was),
  }
}

function sameType(members: Members, asked: TypeAsked | null, definition: ColumnDefinition, was: Column): boolean {
  if (asked?.kind === 'native') return bareText(asked.text) === bareText(was.dbType)
  const isSame = asked === null || family(asked.type) === family(was.type) || asked.type === was.dbType.toLowerCase()
  if (!isSame) return false
  if (measured.has(definition.type)) {
    const asks = members.length !== undefined || members.size !== undefined
    return !asks || definition.length === undefined || definition.length === was.length
  }
  if (definition.type !== 'decimal') return true
  return (definition.precision ?? null) === was.precision && (definition.scale ?? null) === was.scale
}

const bareText = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, '')

function sameDefault({ default: wanted }: ColumnDefinition, was: Column): boolean {
  if (wanted === undefined) return was.default === null && !(was.hasDefault && !was.autoIncrement && !was.isGenerated)
  if (typeof wanted === 'object') return false
  return was.default !== null && typeof was.default === typeof wanted && String(was.default) === String(wanted)
}

function numberIn(members: Members, field: string, name: string): number | undefined {
  const value = members[name]
  if (value === undefined || value === null || value === '') return undefined
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > 1_000_000_000) {
    throw new BadRequest(`The ${name} of field '${field}' must be a whole number.`)
  }
  return number
}

const rules: ReadonlyMap<string, ReferenceRule> = new Map(
  (['CASCADE', 'SET NULL', 'SET DEFAULT', 'RESTRICT', 'NO ACTION'] as const).map((rule) => [rule, rule]),
)

/** Throws BadRequest for a rule that is none. */
export function referenceRule(value: Json | undefined): ReferenceRule | null {
  if (value === undefined || value === null || value === '') return null
  const rule = rules.get(
    String(value)
      .trim()
      .toUpperCase()
      .replace(/[\s_]+/g, ' '),
  )
  if (rule === undefined) throw new BadRequest(`'${String(value).slice(0, 40)}' is no rule of a reference.`)
  return rule
}

function referenceOf(
  name: string,
  members: Members,
  type: SimpleType | null,
  existing: Column | null,
): ReferenceAsked | null {
  const table = textOf(members.ref_table)
  if (table === null) {
    if (type === 'reference' && existing === null) {
      throw new BadRequest(`Invalid schema detected - no table element for reference type of ${name}.`)
    }
    return null
  }
  if (type !== 'reference' && !booleanIn(members, 'is_foreign_key') && type !== null && existing !== null) return null
  const onDelete = referenceRule(members.ref_on_delete)
  const onUpdate = referenceRule(members.ref_on_update)
  return {
    table,
    field: textOf(
      Array.isArray(members.ref_fields) ? members.ref_fields[0] : (members.ref_field ?? members.ref_fields),
    ),
    ...(onDelete === null ? {} : { onDelete }),
    ...(onUpdate === null ? {} : { onUpdate }),
  }
}

/** null for nothing and for blanks. */
export function textOf(value: Json | undefined): string | null {
  if (value === undefined || value === null) return null
  const text = String(value).trim()
  return text === '' ? null : text
}
