/** The extras of a field (data-plane 6.4, 6.6, 6.7): what a schema request says of it beyond its column. */
import { BadRequest, type FieldExtras, type Json } from 'dataferry/sdk'
import type { Table } from '../catalog/types.ts'
import { booleanOption } from '../options.ts'
import { isMembers } from '../payload.ts'
import { columnNamed, namesIn, readFunctions, readsValue } from '../plan/functions.ts'
import { type FieldAsked, textOf } from './field.ts'

/**
 * The field's extras as the request makes them of those that are there; null: they stay as they are. `table`: as it will be, for the
 * names in functions. Throws BadRequest for functions and rules that are not permitted.
 */
export function fieldExtras(asked: FieldAsked, table: Table, before: FieldExtras | null): FieldExtras | null {
  const { members, name } = asked
  const has = (key: string): boolean => members[key] !== undefined
  const base = before ?? emptyExtras(table.name, name)
  const after: FieldExtras = {
    ...base,
    table: table.name,
    field: name,
    alias: has('alias') ? aliasOf(members.alias, name) : base.alias,
    label: has('label') ? textOf(members.label) : base.label,
    description: has('description') ? textOf(members.description) : base.description,
    extraType: asked.extraType === undefined ? base.extraType : asked.extraType,
    picklist: has('picklist') ? picklistOf(members.picklist) : base.picklist,
    validation: has('validation') ? validationOf(name, members.validation) : base.validation,
    clientInfo: has('client_info') ? (members.client_info ?? null) : base.clientInfo,
    dbFunction: has('db_function') ? functionsIn(asked, table) : base.dbFunction,
    isVirtual: asked.definition === null,
    isAggregate: has('is_aggregate') ? booleanOption(members.is_aggregate) : base.isAggregate,
  }
  return before === null && isBare(after) ? null : after
}

const emptyExtras = (table: string, field: string): FieldExtras => ({
  table,
  field,
  alias: null,
  label: null,
  description: null,
  extraType: null,
  picklist: null,
  validation: null,
  clientInfo: null,
  dbFunction: null,
  isVirtual: false,
  isAggregate: false,
})

const isBare = ({ table: _table, field: _field, ...rest }: FieldExtras): boolean =>
  Object.values(rest).every((value) => value === null || value === false)

/** An alias that is the name itself is none. */
export function aliasOf(value: Json | undefined, name: string): string | null {
  const alias = textOf(value)
  return alias === name ? null : alias
}

function picklistOf(value: Json | undefined): readonly string[] | null {
  if (value === undefined || value === null || value === '') return null
  const list = Array.isArray(value) ? value.map(String) : String(value).split(',')
  const picks = list.map((each) => each.trim()).filter((each) => each !== '')
  return picks.length === 0 ? null : picks
}

function validationOf(field: string, value: Json | undefined): Json {
  if (value === undefined || value === null || value === '') return null
  if (Array.isArray(value))
    return value.length === 0 ? null : Object.fromEntries(value.map((rule) => [String(rule), []]))
  if (isMembers(value)) return value
  throw new BadRequest(`The validation of field '${field}' must be an object of rules.`)
}

function functionsIn({ name, members, definition }: FieldAsked, table: Table): Json {
  const value = members.db_function
  if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)) return null
  const refused = new BadRequest(`The functions of field '${name}' are not permitted.`)
  const functions = readFunctions(value)
  if (functions === null) throw refused
  for (const fn of Object.values(functions)) {
    if (definition === null && readsValue(fn)) throw refused
    const unknown = namesIn(fn).find(
      (each) => columnNamed(table, each) === null && each.toLowerCase() !== name.toLowerCase(),
    )
    if (unknown !== undefined)
      throw new BadRequest(`The functions of field '${name}' name an unknown field '${unknown}'.`)
  }
  if (definition === null && functions.SELECT === undefined) throw refused
  return Array.isArray(value) ? value : [value]
}
