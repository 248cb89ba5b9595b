/** Relations of a schema request (data-plane 5.6, 6.1): virtual ones are kept, of real ones only the extras. */
import { BadRequest, type ExtrasChange, type Json, type RelationExtras, type VirtualRelation } from 'dataferry/sdk'
import type { ExtrasOfTable } from '../catalog/extended.ts'
import { openColumn } from '../catalog/open.ts'
import type { Relation, Table } from '../catalog/types.ts'
import { relationName } from '../naming.ts'
import { booleanOption } from '../options.ts'
import { isMembers, type Members } from '../payload.ts'
import { columnNamed } from '../plan/functions.ts'
import { referenceRule, textOf } from './field.ts'
import { aliasOf } from './field-extras.ts'

/** What is asked of services beside the own one. */
export interface ServiceNames {
  readonly serviceId: number | null
  /** null: there is none. */
  idOf(name: string): number | null
  nameOf(id: number): string | null
}

const types: ReadonlySet<string> = new Set(['belongs_to', 'has_one', 'has_many', 'many_many'])

/**
 * The changes that make one relation what is asked. `named`: the name in the path; null: it is in the input or follows from it.
 * Throws BadRequest.
 */
export function relationChanges(
  table: Table,
  extras: ExtrasOfTable,
  input: Json,
  named: string | null,
  services: ServiceNames,
): readonly ExtrasChange[] {
  if (!isMembers(input)) throw new BadRequest('Invalid schema detected - no name element.')
  const name = named ?? textOf(input.name)
  const existing = name === null ? null : relationNamed(table, name)
  if (existing !== null && !existing.isVirtual) return extrasOf(table, extras, existing.name, input)
  if (existing === null && !booleanOption(input.is_virtual) && textOf(input.type) === null) {
    throw new BadRequest(
      name === null
        ? 'Invalid schema detected - no name element.'
        : `Relation '${name}' is no virtual one, and the database has none of this name.`,
    )
  }
  const before = extras.virtual.find((each) => each.name.toLowerCase() === name?.toLowerCase()) ?? null
  const relation = virtualOf(table, before, input, name, services)
  if (before === null && table.relations.some((each) => !each.isVirtual && sameName(each.name, relation.name))) {
    throw new BadRequest(`Relation '${relation.name}' already exists in table '${table.name}'.`)
  }
  return [{ kind: 'virtual', relation }, ...extrasOf(table, extras, relation.name, input)]
}

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

/** By its real name, in any case. */
export const relationNamed = (table: Table, name: string): Relation | null =>
  table.relations.find((relation) => sameName(relation.name, name)) ?? null

function extrasOf(table: Table, extras: ExtrasOfTable, name: string, input: Members): readonly ExtrasChange[] {
  const before = extras.relations.get(name.toLowerCase()) ?? null
  const has = (key: string): boolean => input[key] !== undefined
  const after: RelationExtras = {
    table: table.name,
    relation: name,
    alias: has('alias') ? aliasOf(input.alias, name) : (before?.alias ?? null),
    label: has('label') ? textOf(input.label) : (before?.label ?? null),
    description: has('description') ? textOf(input.description) : (before?.description ?? null),
    alwaysFetch: has('always_fetch') ? booleanOption(input.always_fetch) : (before?.alwaysFetch ?? false),
  }
  const taken = table.relations.some(
    (each) => !sameName(each.name, name) && after.alias !== null && sameName(each.alias ?? each.name, after.alias),
  )
  if (taken) throw new BadRequest(`Alias '${after.alias}' is the name of another relation of table '${table.name}'.`)
  const isBare = after.alias === null && after.label === null && after.description === null && !after.alwaysFetch
  return before === null && isBare ? [] : [{ kind: 'relation', extras: after }]
}

function virtualOf(
  table: Table,
  before: VirtualRelation | null,
  input: Members,
  name: string | null,
  services: ServiceNames,
): VirtualRelation {
  const text = (key: string, other: string | null): string | null =>
    input[key] === undefined ? other : Array.isArray(input[key]) ? (input[key] as Json[]).join(',') : textOf(input[key])
  const need = (key: string, other: string | null): string => {
    const value = text(key, other)
    if (value === null) throw new BadRequest(`A virtual relation needs a value for '${key}'.`)
    return value
  }
  const type = need('type', before?.type ?? null).toLowerCase()
  if (!types.has(type)) throw new BadRequest(`'${type.slice(0, 40)}' is no type of a relation.`)
  const many = type === 'many_many'
  const field = need('field', before?.field ?? null)
  for (const each of field.split(',')) {
    if (columnNamed(table, each.trim()) === null && openColumn(table, each.trim()) === null)
      throw new BadRequest(`Field '${each.trim()}' does not exist in table '${table.name}'.`)
  }
  const made: Omit<VirtualRelation, 'name'> = {
    table: table.name,
    type: type as VirtualRelation['type'],
    field,
    refServiceId: serviceIn(input, 'ref_service', before?.refServiceId ?? null, services),
    refTable: need('ref_table', before?.refTable ?? null),
    refField: need('ref_field', before?.refField ?? null),
    onUpdate: input.ref_on_update === undefined ? (before?.onUpdate ?? null) : referenceRule(input.ref_on_update),
    onDelete: input.ref_on_delete === undefined ? (before?.onDelete ?? null) : referenceRule(input.ref_on_delete),
    junctionServiceId: many ? serviceIn(input, 'junction_service', before?.junctionServiceId ?? null, services) : null,
    junctionTable: many ? need('junction_table', before?.junctionTable ?? null) : null,
    junctionField: many ? need('junction_field', before?.junctionField ?? null) : null,
    junctionRefField: many ? need('junction_ref_field', before?.junctionRefField ?? null) : null,
  }
  return { ...made, name: before?.name ?? name ?? generatedName(made, services) }
}

/** By id, else by name; null: the own service. */
function serviceIn(input: Members, key: string, before: number | null, services: ServiceNames): number | null {
  const id = input[`${key}_id`]
  const name = textOf(input[key])
  if (id === undefined && name === null) return before
  const found = id === undefined || id === null ? (name === null ? null : services.idOf(name)) : Number(id)
  if (found === null) {
    if (name === null) return null
    throw new BadRequest(`There is no service '${name}'.`)
  }
  if (!Number.isInteger(found) || services.nameOf(found) === null)
    throw new BadRequest(`There is no service with the id ${String(id)}.`)
  return found === services.serviceId ? null : found
}

/** data-plane 5.1. */
function generatedName(of: Omit<VirtualRelation, 'name'>, services: ServiceNames): string {
  const prefix = (id: number | null): string => (id === null ? '' : `${services.nameOf(id) ?? id}.`)
  const list = (text: string): readonly string[] => text.split(',').map((each) => each.trim())
  const table = `${prefix(of.refServiceId)}${of.refTable}`
  if (of.junctionTable !== null) return relationName(table, [`${prefix(of.junctionServiceId)}${of.junctionTable}`])
  return relationName(table, list(of.type === 'belongs_to' ? of.field : of.refField))
}
