/** The extras of services' tables in the system store (data-plane 5.6, 6.4): what the ability `SchemaExtras` offers. */
import type {
  ExtrasChange,
  FieldExtras,
  Json,
  Log,
  RelationExtras,
  SchemaExtras,
  ServiceExtras,
  TableExtras,
  VirtualRelation,
} from 'dataferry/sdk'
import { encodeJson, parseJson } from 'dataferry/sdk'
import { optionalAt, optionalNumberAt, textAt } from '../store/columns.ts'
import type { StoreRow, Tables, Transaction } from '../store/tables.ts'

export class StoredExtras implements SchemaExtras {
  readonly #tables: Tables
  readonly #log: Log

  constructor(tables: Tables, log: Log) {
    this.#tables = tables
    this.#log = log
  }

  async of(serviceId: number): Promise<ServiceExtras> {
    const where = { service_id: serviceId }
    const [tables, fields, relations, virtual] = await Promise.all([
      this.#tables.rows('db_table_extras', where),
      this.#tables.rows('db_field_extras', where),
      this.#tables.rows('db_relationship_extras', where),
      this.#tables.rows('db_virtual_relationship', where),
    ])
    return {
      tables: tables.map(tableOf),
      fields: fields.map(fieldOf),
      relations: relations.map(relationOf),
      virtual: virtual.map(virtualOf),
    }
  }

  async change(serviceId: number, changes: readonly ExtrasChange[]): Promise<void> {
    if (changes.length === 0) return
    await this.#tables.transaction(async (tx) => {
      for (const each of changes) await changeOne(tx, serviceId, each)
    })
  }

  async restructured(serviceId: number): Promise<void> {
    try {
      await this.#tables.transaction(async (tx) => tx.tell({ kind: 'schema', service: serviceId }))
    } catch (error) {
      // The change is made all the same. Who has not heard of it finds out when a statement no longer fits.
      this.#log.warn('other nodes could not be told that tables were changed', { service: serviceId, error })
    }
  }
}

async function changeOne(tx: Transaction, serviceId: number, change: ExtrasChange): Promise<void> {
  const table = (name: string) => ({ service_id: serviceId, table_key: name.toLowerCase() })
  const field = (of: string, name: string) => ({ ...table(of), field_key: name.toLowerCase() })
  const relation = (of: string, name: string) => ({ ...table(of), relationship_key: name.toLowerCase() })
  switch (change.kind) {
    case 'table': {
      const { extras } = change
      return put(tx, 'db_table_extras', table(extras.table), {
        table: extras.table,
        alias: extras.alias,
        label: extras.label,
        plural: extras.plural,
        description: extras.description,
        name_field: extras.nameField,
      })
    }
    case 'field': {
      const { extras } = change
      return put(tx, 'db_field_extras', field(extras.table, extras.field), {
        table: extras.table,
        field: extras.field,
        alias: extras.alias,
        label: extras.label,
        description: extras.description,
        extra_type: extras.extraType,
        picklist: jsonText(extras.picklist),
        validation: jsonText(extras.validation),
        client_info: jsonText(extras.clientInfo),
        db_function: jsonText(extras.dbFunction),
        is_virtual: extras.isVirtual,
        is_aggregate: extras.isAggregate,
      })
    }
    case 'relation': {
      const { extras } = change
      return put(tx, 'db_relationship_extras', relation(extras.table, extras.relation), {
        table: extras.table,
        relationship: extras.relation,
        alias: extras.alias,
        label: extras.label,
        description: extras.description,
        always_fetch: extras.alwaysFetch,
      })
    }
    case 'virtual': {
      const { relation: virtual } = change
      return put(tx, 'db_virtual_relationship', relation(virtual.table, virtual.name), {
        table: virtual.table,
        relationship: virtual.name,
        type: virtual.type,
        field: virtual.field,
        ref_service_id: virtual.refServiceId,
        ref_table: virtual.refTable,
        ref_field: virtual.refField,
        ref_on_update: virtual.onUpdate,
        ref_on_delete: virtual.onDelete,
        junction_service_id: virtual.junctionServiceId,
        junction_table: virtual.junctionTable,
        junction_field: virtual.junctionField,
        junction_ref_field: virtual.junctionRefField,
      })
    }
    case 'forget-table':
      for (const each of extrasTables) await tx.remove(each, table(change.table))
      return
    case 'forget-field':
      await tx.remove('db_field_extras', field(change.table, change.field))
      return
    case 'forget-relation':
      await tx.remove('db_relationship_extras', relation(change.table, change.relation))
      await tx.remove('db_virtual_relationship', relation(change.table, change.relation))
  }
}

const extrasTables = ['db_table_extras', 'db_field_extras', 'db_relationship_extras', 'db_virtual_relationship']

async function put(tx: Transaction, table: string, where: StoreRow, values: StoreRow): Promise<void> {
  await tx.remove(table, where)
  await tx.insert(table, { ...where, ...values })
}

const jsonText = (value: Json): string | null => (value === null ? null : encodeJson(value))

function jsonAt(row: StoreRow, column: string): Json {
  const text = optionalAt(row, column)
  return text === null ? null : parseJson(text)
}

const flagAt = (row: StoreRow, column: string): boolean => row[column] === true || Number(row[column] ?? 0) === 1

const tableOf = (row: StoreRow): TableExtras => ({
  table: textAt(row, 'table'),
  alias: optionalAt(row, 'alias'),
  label: optionalAt(row, 'label'),
  plural: optionalAt(row, 'plural'),
  description: optionalAt(row, 'description'),
  nameField: optionalAt(row, 'name_field'),
})

function fieldOf(row: StoreRow): FieldExtras {
  const picklist = jsonAt(row, 'picklist')
  return {
    table: textAt(row, 'table'),
    field: textAt(row, 'field'),
    alias: optionalAt(row, 'alias'),
    label: optionalAt(row, 'label'),
    description: optionalAt(row, 'description'),
    extraType: optionalAt(row, 'extra_type'),
    picklist: Array.isArray(picklist) ? picklist.map(String) : null,
    validation: jsonAt(row, 'validation'),
    clientInfo: jsonAt(row, 'client_info'),
    dbFunction: jsonAt(row, 'db_function'),
    isVirtual: flagAt(row, 'is_virtual'),
    isAggregate: flagAt(row, 'is_aggregate'),
  }
}

const relationOf = (row: StoreRow): RelationExtras => ({
  table: textAt(row, 'table'),
  relation: textAt(row, 'relationship'),
  alias: optionalAt(row, 'alias'),
  label: optionalAt(row, 'label'),
  description: optionalAt(row, 'description'),
  alwaysFetch: flagAt(row, 'always_fetch'),
})

const virtualOf = (row: StoreRow): VirtualRelation => ({
  table: textAt(row, 'table'),
  name: textAt(row, 'relationship'),
  type: textAt(row, 'type') as VirtualRelation['type'],
  field: textAt(row, 'field'),
  refServiceId: optionalNumberAt(row, 'ref_service_id'),
  refTable: textAt(row, 'ref_table'),
  refField: textAt(row, 'ref_field'),
  onUpdate: optionalAt(row, 'ref_on_update'),
  onDelete: optionalAt(row, 'ref_on_delete'),
  junctionServiceId: optionalNumberAt(row, 'junction_service_id'),
  junctionTable: optionalAt(row, 'junction_table'),
  junctionField: optionalAt(row, 'junction_field'),
  junctionRefField: optionalAt(row, 'junction_ref_field'),
})
