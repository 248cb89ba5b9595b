/** Tables, fields and relations as the schema resource prints them (data-plane 5.2, 6.2, 6.3): key order is the contract's. */
import type { Json } from 'dataferry/sdk'
import type { Row } from '../store.ts'
import type { TableView } from '../view.ts'
import { type Column, nameOf, type Relation, type TableSummary } from './types.ts'

/**
 * `real`: names are the source's own and aliases stand beside them, for `_schema`. `alias`: names are those that clients use, and
 * nothing has an `alias`, for `meta.schema` and `_table`.
 */
export type NameForm = 'real' | 'alias'

const names = (of: { readonly name: string; readonly alias: string | null }, form: NameForm): Row =>
  form === 'real' ? { alias: of.alias, name: of.name } : { name: nameOf(of) }

/** data-plane 6.3. `required` follows from what is printed, so a default that prints as null counts as none. */
export function describeField(view: TableView, column: Column, form: NameForm): Row {
  const refers = column.refTable === null || mayRefer(view, [column.name], column.refTable)
  return {
    ...names(column, form),
    label: column.label,
    description: column.description,
    native: column.native,
    type: column.type,
    db_type: column.dbType,
    length: column.length,
    precision: column.precision,
    scale: column.scale,
    default: column.default,
    required: !column.allowNull && column.default === null && !column.autoIncrement && !column.isGenerated,
    allow_null: column.allowNull,
    fixed_length: column.fixedLength,
    supports_multibyte: column.supportsMultibyte,
    auto_increment: column.autoIncrement,
    is_primary_key: column.isPrimaryKey,
    is_unique: column.isUnique,
    is_index: column.isIndex,
    is_foreign_key: column.isForeignKey,
    ref_table: refers ? column.refTable : null,
    ref_field: refers ? column.refField : null,
    ref_on_update: refers ? column.refOnUpdate : null,
    ref_on_delete: refers ? column.refOnDelete : null,
    picklist: column.picklist,
    validation: column.validation,
    db_function: column.dbFunction,
    is_virtual: column.isVirtual,
    is_aggregate: column.isAggregate,
  }
}

/** false: the caller may not know of the relation that these columns (real names) are the own side of. */
function mayRefer(view: TableView, columns: readonly string[], refTable: string): boolean {
  const isIt = (relation: Relation): boolean =>
    relation.type === 'belongs_to' &&
    !relation.isVirtual &&
    (relation.refTable === refTable || relation.refTable.endsWith(`.${refTable}`)) &&
    columns.every((name) => relation.fields.includes(name))
  return !view.table.relations.some(isIt) || view.relations.some(isIt)
}

/** Not null, and neither the client's absence nor the database supplies a value (data-plane 3.10 item 6). */
export const isRequired = (column: Column): boolean => !column.allowNull && !column.hasDefault && !column.autoIncrement

/** data-plane 5.2. `serviceId`: that of the service itself, for relations inside of it. */
export function describeRelation(relation: Relation, form: NameForm, serviceId: number | null): Row {
  const { junction } = relation
  return {
    ...names(relation, form),
    label: relation.label,
    description: relation.description,
    native: relation.native,
    type: relation.type,
    field: relation.fields.join(','),
    is_virtual: relation.isVirtual,
    ref_service_id: relation.refServiceId ?? serviceId,
    ref_table: relation.refTable,
    ref_field: relation.refFields.join(','),
    ref_on_update: relation.onUpdate,
    ref_on_delete: relation.onDelete,
    junction_service_id: junction === null ? null : (junction.serviceId ?? serviceId),
    junction_table: junction?.table ?? null,
    junction_field: junction?.fields.join(',') ?? null,
    junction_ref_field: junction?.refFields.join(',') ?? null,
    always_fetch: relation.alwaysFetch,
    flatten: false,
    flatten_drop_prefix: false,
  }
}

/** What lists of tables say (data-plane 1.5). */
export function describeSummary(table: TableSummary, form: NameForm): Row {
  return {
    ...names(table, form),
    label: table.label,
    description: table.description,
    native: table.native,
    plural: table.plural,
    is_view: table.isView,
  }
}

/** data-plane 6.2, as far as the view shows it. `access` is left out where it is null. */
export function describeTable(view: TableView, form: NameForm, serviceId: number | null, access: number | null): Row {
  const { table } = view
  const whole: Row = {
    ...describeSummary(table, form),
    primary_key: view.key.map((column) => (form === 'real' ? column.name : nameOf(column))),
    name_field: table.nameField,
    field: visibleFields(view).map((column) => describeField(view, column, form)),
    related: view.relations.map((relation) => describeRelation(relation, form, serviceId)),
    constraints: visibleConstraints(view),
  }
  return access === null ? whole : { ...whole, access }
}

/** Virtual ones too. */
export const visibleFields = (view: TableView): readonly Column[] =>
  view.table.columns.filter((column) => view.sees(column))

/** A constraint that names a hidden column, here or where it refers to, would tell of it. */
function visibleConstraints(view: TableView): Json {
  const { constraints } = view.table
  if (constraints === null || typeof constraints !== 'object' || Array.isArray(constraints)) return constraints
  const visible = Object.entries(constraints as Row).filter(([, constraint]) => {
    const { column_name: columns, referenced_table_name: refTable } = (constraint ?? {}) as Row
    const list = (Array.isArray(columns) ? columns : [columns]).filter((name) => typeof name === 'string')
    return view.seesAll(list) && (typeof refTable !== 'string' || mayRefer(view, list, refTable))
  })
  return visible.length === 0 ? [] : Object.fromEntries(visible)
}
