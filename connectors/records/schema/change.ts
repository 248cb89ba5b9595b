/**
 * What one schema request changes, put together before anything is done: tables first, then columns, then keys and indexes, extras last
 * (data-plane 6.4).
 */
import { BadRequest, type ExtrasChange, type Json, NotImplemented, type TableExtras } from 'dataferry/sdk'
import { type ExtrasOfTable, noExtras } from '../catalog/extended.ts'
import { plainColumn, plainSummary } from '../catalog/plain.ts'
import type { Column, Table, TableSummary } from '../catalog/types.ts'
import { isMembers, type Members } from '../payload.ts'
import type { ColumnDefinition, ForeignKeyDefinition, SchemaPlan, TableName } from '../plan/schema.ts'
import { alone, type Constraint, foreignKeyNames, foreignKeysOf, uniquesOf } from './constraints.ts'
import { inDropOrder } from './drops.ts'
import { type FieldAsked, fieldAsked, nameIn, type ReferenceAsked, textOf } from './field.ts'
import { aliasOf, fieldExtras } from './field-extras.ts'
import { relationChanges, type ServiceNames } from './relation.ts'

export const noFieldName = 'Invalid schema detected - no name element.'

/** What is known of the database while a request is understood. */
export interface Surroundings {
  readonly summaries: readonly TableSummary[]
  readonly services: ServiceNames
  /** The default schema's name, for the names of constraints; null: they have none. */
  readonly schema: string | null
  /** Tables are collections of documents: they need no field, and what is said of one is kept beside them. */
  readonly open: boolean
  /** A table by its real name. */
  find(name: string): Promise<Table | null>
}

export class SchemaChange {
  readonly #around: Surroundings
  readonly #tables: SchemaPlan[] = []
  /** Constraints and indexes that go: before the columns, which they might hold as they are. */
  readonly #loosened: SchemaPlan[] = []
  readonly #columns: SchemaPlan[] = []
  readonly #keys: SchemaPlan[] = []
  readonly #dropped: Table[] = []
  readonly #extras: ExtrasChange[] = []
  /** The keys of the tables that this request makes, by lower-case name, in the order in which they are made. */
  readonly #made = new Map<string, readonly string[]>()
  /** What waits until every new table is known. */
  readonly #later: (() => Promise<void>)[] = []

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Throws BadRequest for a table that is to be dropped while others refer to it. */
  get plans(): readonly SchemaPlan[] {
    const drops = inDropOrder(this.#dropped).map(
      (table): SchemaPlan => ({ kind: 'drop-table', name: nameOfTable(table) }),
    )
    return [...this.#tables, ...this.#loosened, ...this.#columns, ...this.#keys, ...drops]
  }

  get extras(): readonly ExtrasChange[] {
    return this.#extras
  }

  /** When all that is asked for was told. Throws BadRequest. */
  async finish(): Promise<void> {
    for (const work of this.#later.splice(0)) await work()
  }

  /** A new table with its fields. Throws BadRequest. */
  createTable(name: string, members: Members): void {
    const fields = listOf(members.field).filter((each) => !this.#around.open || nameIn(each, noFieldName) !== '_id')
    if (fields.length === 0 && !this.#around.open)
      throw new BadRequest('No valid fields exist in the received table schema.')
    if (this.#made.has(name.toLowerCase()))
      throw new BadRequest(`A table with name '${name}' already exist in the database.`)
    const asked = fields.map((each) => fieldAsked(nameIn(each, noFieldName), membersOf(each), null))
    const columns = asked.flatMap((each) => (each.definition === null ? [] : [each.definition]))
    if (columns.length === 0 && !this.#around.open)
      throw new BadRequest('No valid fields exist in the received table schema.')
    refuseTwice(asked.map((each) => each.name))
    const keys = asked.filter((each) => each.primaryKey).map((each) => each.name)
    const automatic = columns.filter((column) => column.native === undefined && isKeyType(column))
    if (automatic.length > 0 && keys.length > 1) {
      throw new BadRequest(`Table '${name}' can have one primary key field of type '${automatic[0]?.type}' only.`)
    }
    const options = optionsOf(members)
    const place = this.#placeOf(name)
    this.#made.set(name.toLowerCase(), keys)
    const foreignKeys: ForeignKeyDefinition[] = []
    this.#tables.push({
      kind: 'create-table',
      name: place.bare,
      ...(place.schema === null ? {} : { inSchema: place.schema }),
      ...this.#named(place.schema),
      columns,
      primaryKey: keys,
      unique: asked.filter((each) => each.unique && !each.primaryKey).map((each) => [each.name]),
      foreignKeys,
      ...(options === null ? {} : { options }),
    })
    const table: TableName = place.schema === null ? name : { name, schema: place.schema }
    for (const each of asked) {
      if (each.index && !each.unique && !each.primaryKey) this.#index(table, place.schema, each.name)
    }
    this.#later.push(async () => {
      for (const each of asked) {
        if (each.reference === null) continue
        const key = await this.#foreignKey(each.name, each.reference)
        // A table that is made later can be referred to when it is there.
        if (this.#isBefore(each.reference.table, name)) foreignKeys.push(key)
        else this.#keys.push({ kind: 'add-foreign-key', table, ...this.#named(place.schema), foreignKey: key })
      }
    })
    const described = draft(plainSummary(name), asked, [])
    this.#tableExtras(described, noExtras, members)
    this.#fieldExtras(described, asked, null)
    for (const each of listOf(members.related)) this.relation(described, noExtras, each, null)
  }

  /** Puts what is given into a table that is there; `replace`: fields that are not given are dropped. Throws BadRequest. */
  async mergeTable(
    table: Table,
    extras: ExtrasOfTable,
    members: Members,
    replace: readonly Column[] | null,
  ): Promise<void> {
    this.#tableExtras(table, extras, members)
    const fields = listOf(members.field)
    if (fields.length > 0) {
      const named = fields.map((each) => [nameIn(each, noFieldName), membersOf(each)] as const)
      await this.fields(table, extras, named)
      const kept = new Set(named.map(([name]) => name.toLowerCase()))
      for (const column of replace ?? []) {
        if (!kept.has(column.name.toLowerCase())) this.dropField(table, column)
      }
    }
    for (const each of listOf(members.related)) this.relation(table, extras, each, null)
  }

  /** Adds the fields that are not there and changes the others. Throws BadRequest. */
  async fields(
    table: Table,
    extras: ExtrasOfTable,
    named: readonly (readonly [name: string, members: Members])[],
  ): Promise<void> {
    refuseTwice(named.map(([name]) => name))
    const asked = named
      .filter(([name]) => !table.open || name !== '_id')
      .map(([name, members]) => {
        const existing = columnOf(table, name)
        return fieldAsked(existing?.name ?? name, members, existing)
      })
    for (const each of asked) {
      const existing = columnOf(table, each.name)
      if (existing !== null) this.#loosen(table, each, existing)
      if (each.definition !== null) await this.#column(table, each, each.definition, existing)
    }
    const described = draft(table, asked, table.columns)
    this.#fieldExtras({ ...described, relations: table.relations }, asked, extras)
  }

  dropField(table: Table, column: Column): void {
    if (!column.isVirtual) {
      refuseView(table)
      refuseReferred(table, column, 'can not be dropped')
      if (column.isPrimaryKey)
        throw new BadRequest(`Field '${column.name}' is part of the primary key and can not be dropped.`)
      const foreignKeys = foreignKeyNames(table, column.name)
      if (!this.#around.open)
        this.#columns.push({ kind: 'drop-column', table: nameOfTable(table), column: column.name, foreignKeys })
    }
    this.#extras.push({ kind: 'forget-field', table: table.name, field: column.name })
  }

  dropTable(table: Table): void {
    refuseView(table)
    this.#dropped.push(table)
    this.#extras.push({ kind: 'forget-table', table: table.name })
  }

  relation(table: Table, extras: ExtrasOfTable, input: Json, named: string | null): void {
    this.#extras.push(...relationChanges(table, extras, input, named, this.#around.services))
  }

  dropRelation(table: Table, relation: string): void {
    this.#extras.push({ kind: 'forget-relation', table: table.name, relation })
  }

  async #column(table: Table, asked: FieldAsked, definition: ColumnDefinition, existing: Column | null): Promise<void> {
    const of = nameOfTable(table)
    if (existing === null) {
      refuseView(table)
      if (asked.primaryKey)
        throw new BadRequest(`Field '${asked.name}' can not become a primary key of a table that is there already.`)
      this.#columns.push({ kind: 'add-column', table: of, column: definition })
    } else if (asked.parts.type || asked.parts.allowNull || asked.parts.default) {
      refuseView(table)
      this.#columns.push({ kind: 'alter-column', table: of, column: definition, was: existing, parts: asked.parts })
    }
    const isKey = existing?.isPrimaryKey === true
    if (asked.unique && !isKey && existing?.isUnique !== true) {
      this.#keys.push({ kind: 'add-unique', table: of, ...this.#named(table.schema), columns: [asked.name] })
    } else if (asked.index && !isKey && existing?.isIndex !== true && existing?.isUnique !== true) {
      this.#index(of, table.schema, asked.name)
    }
    if (asked.reference !== null) await this.#refer(table, asked.name, asked.reference, existing)
  }

  /** What the field is said not to have any more goes, where it is there. */
  #loosen(table: Table, { members, name, without }: FieldAsked, existing: Column): void {
    const of = nameOfTable(table)
    if (without.unique && existing.isUnique && !existing.isPrimaryKey) {
      refuseReferred(table, existing, 'must stay unique')
      const names = alone(uniquesOf(table), name).map((each) => each.name)
      this.#loosened.push({ kind: 'drop-unique', table: of, column: name, names })
    }
    // Not every database tells of indexes: a description that is sent back, which has its `db_type`, does not mean to drop one.
    if (
      without.index &&
      !existing.isPrimaryKey &&
      !existing.isVirtual &&
      (existing.isIndex || members.db_type === undefined)
    ) {
      this.#loosened.push({ kind: 'drop-index', table: of, ...this.#named(table.schema), column: name })
    }
    if (without.reference && existing.isForeignKey) this.#dropReference(table, name)
  }

  #dropReference(table: Table, column: string): readonly Constraint[] {
    const keys = alone(foreignKeysOf(table), column)
    if (keys.length === 0) {
      throw new BadRequest(
        `Field '${column}' is part of a reference over several fields, which can not be changed here.`,
      )
    }
    const names = keys.map((each) => each.name)
    this.#loosened.push({ kind: 'drop-foreign-key', table: nameOfTable(table), column, names })
    return keys
  }

  /** A reference that is there already, with other rules or to another field, is replaced. */
  async #refer(table: Table, column: string, asked: ReferenceAsked, existing: Column | null): Promise<void> {
    let foreignKey = await this.#foreignKey(column, asked)
    if (existing?.isForeignKey === true) {
      const [there] = alone(foreignKeysOf(table), column)
      const sameTable = existing.refTable?.toLowerCase() === asked.table.toLowerCase()
      const sameField = there?.refColumns[0]?.toLowerCase() === foreignKey.refColumns[0]?.toLowerCase()
      const sameRules =
        (asked.onDelete ?? there?.onDelete) === there?.onDelete &&
        (asked.onUpdate ?? there?.onUpdate) === there?.onUpdate
      if (sameTable && (there === undefined || sameField) && sameRules) return
      const [before] = this.#dropReference(table, column)
      // Rules that are not mentioned stay.
      foreignKey = { ...rulesOf(before), ...foreignKey }
    }
    this.#keys.push({ kind: 'add-foreign-key', table: nameOfTable(table), ...this.#named(table.schema), foreignKey })
  }

  #index(table: TableName, schema: string | null, column: string): void {
    const named = this.#named(schema)
    this.#keys.push({ kind: 'create-index', table, ...named, columns: [column], unique: false, ifMissing: true })
  }

  async #foreignKey(column: string, asked: ReferenceAsked): Promise<ForeignKeyDefinition> {
    const known = this.#made.get(asked.table.toLowerCase())
    const parent = known === undefined ? await this.#around.find(asked.table) : null
    if (known === undefined && parent === null) {
      throw new BadRequest(`Field '${column}' refers to a table '${asked.table}' that does not exist.`)
    }
    const key = known ?? parent?.primaryKey ?? []
    const field = asked.field ?? (key.length === 1 ? key[0] : undefined)
    if (field === undefined)
      throw new BadRequest(`Field '${column}' must say which field of '${asked.table}' it refers to.`)
    const { onDelete, onUpdate } = asked
    return {
      columns: [column],
      refTable: parent === null ? this.#tableName(asked.table) : nameOfTable(parent),
      refColumns: [field],
      ...(onDelete === undefined ? {} : { onDelete }),
      ...(onUpdate === undefined ? {} : { onUpdate }),
    }
  }

  /** Whether the table is there, or is there before the other one of this request. */
  #isBefore(table: string, other: string): boolean {
    const order = [...this.#made.keys()]
    return order.indexOf(table.toLowerCase()) <= order.indexOf(other.toLowerCase())
  }

  #tableName(name: string): TableName {
    const place = this.#placeOf(name)
    return place.schema === null ? name : { name, schema: place.schema }
  }

  /** `schema.table` is in a schema only where tables of that schema are known. */
  #placeOf(name: string): { readonly schema: string | null; readonly bare: string } {
    const dot = name.indexOf('.')
    const schema = dot < 1 ? null : name.slice(0, dot)
    if (schema === null || !this.#around.summaries.some((each) => each.schema === schema))
      return { schema: null, bare: name }
    return { schema, bare: name.slice(dot + 1) }
  }

  #named(schema: string | null): { readonly schema?: string } {
    const name = this.#around.schema === null ? null : (schema ?? this.#around.schema)
    return name === null ? {} : { schema: name }
  }

  #tableExtras(table: Table, extras: ExtrasOfTable, members: Members): void {
    const before = extras.table
    const has = (key: string): boolean => members[key] !== undefined
    const text = (key: string, kept: string | null | undefined): string | null =>
      has(key) ? textOf(members[key]) : (kept ?? null)
    const after: TableExtras = {
      table: table.name,
      alias: has('alias') ? aliasOf(members.alias, table.name) : (before?.alias ?? null),
      label: text('label', before?.label),
      plural: text('plural', before?.plural),
      description: text('description', before?.description),
      nameField: text('name_field', before?.nameField),
    }
    const { table: _name, ...rest } = after
    if (before === null && Object.values(rest).every((value) => value === null)) return
    const alias = after.alias?.toLowerCase()
    const taken = this.#around.summaries.some(
      (each) => each.name !== table.name && (each.alias ?? each.name).toLowerCase() === alias,
    )
    if (taken) throw new BadRequest(`Alias '${after.alias}' is the name of another table.`)
    this.#extras.push({ kind: 'table', extras: after })
  }

  #fieldExtras(table: Table, asked: readonly FieldAsked[], extras: ExtrasOfTable | null): void {
    const aliases = new Set<string>()
    for (const given of asked) {
      // The type of a document's field is kept too: there is no column that would tell it.
      const each = this.#around.open && given.definition ? { ...given, extraType: given.definition.type } : given
      const after = fieldExtras(each, table, extras?.fields.get(each.name.toLowerCase()) ?? null)
      if (after === null) continue
      const alias = after.alias?.toLowerCase()
      if (alias !== undefined && aliases.has(alias)) throw new BadRequest(`Alias '${after.alias}' is given twice.`)
      if (alias !== undefined) aliases.add(alias)
      const taken = table.columns.some(
        (column) => column.name !== each.name && (column.alias ?? column.name).toLowerCase() === alias,
      )
      if (taken) throw new BadRequest(`Alias '${after.alias}' is the name of another field of table '${table.name}'.`)
      this.#extras.push({ kind: 'field', extras: after })
    }
  }
}

const membersOf = (value: Json): Members => (isMembers(value) ? value : {})

/** A single object counts as a list of one. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null || value === '') return []
  return Array.isArray(value) ? value : [value]
}

/** Throws NotImplemented for commands, which are SQL. */
function optionsOf(members: Members): string | null {
  if (listOf(members.commands).length > 0) {
    throw new NotImplemented('The commands of a table are SQL, which is not taken here: run them at the database.')
  }
  return textOf(members.options)
}

function rulesOf(key: Constraint | undefined): Pick<ForeignKeyDefinition, 'onDelete' | 'onUpdate'> {
  return {
    ...(key?.onDelete ? { onDelete: key.onDelete } : {}),
    ...(key?.onUpdate ? { onUpdate: key.onUpdate } : {}),
  }
}

/** What others refer to stays as they need it. */
function refuseReferred(table: Table, column: Column, why: string): void {
  const child = table.relations.find(
    (each) =>
      !each.isVirtual && (each.type === 'has_many' || each.type === 'has_one') && each.fields.includes(column.name),
  )
  if (child !== undefined)
    throw new BadRequest(`Field '${column.name}' ${why}, because table '${child.refTable}' refers to it.`)
}

const isKeyType = ({ type }: ColumnDefinition): boolean => ['id', 'bigid', 'mediumid', 'smallid'].includes(type)

function refuseTwice(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name.toLowerCase())) throw new BadRequest(`Field '${name}' is given twice.`)
    seen.add(name.toLowerCase())
  }
}

function refuseView(table: Table): void {
  if (table.isView) throw new BadRequest(`'${table.name}' is a view and can not be changed.`)
}

/** By its real name, in any case. */
export const columnOf = (table: Table, name: string): Column | null =>
  table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase()) ?? null

const nameOfTable = ({ name, schema }: Table): TableName => (schema === null ? name : { name, schema })

/** The table as it will be, as far as functions and aliases look at it. */
function draft(
  summary: TableSummary & Partial<Table>,
  asked: readonly FieldAsked[],
  columns: readonly Column[],
): Table {
  const there = new Set(columns.map((column) => column.name.toLowerCase()))
  const added = asked.filter((each) => !there.has(each.name.toLowerCase()))
  return {
    primaryKey: [],
    relations: [],
    constraints: [],
    nameField: null,
    epoch: 0,
    ...summary,
    columns: [
      ...columns,
      ...added.map((each) =>
        plainColumn(each.name, each.definition?.type ?? 'string', { isVirtual: each.definition === null }),
      ),
    ],
  }
}
