/**
 * Introspection of Amazon Redshift, whose catalog is that of PostgreSQL 8: no identities, generated columns or arrays of names. Its keys
 * are not enforced, but they say how tables belong together. What is asked here runs on its leader node.
 */
import type { Json } from 'dataferry/sdk'
import type { ProgramRunner } from 'dataferry/sql'
import type { Flavour } from './flavours.ts'
import {
  chosen,
  chosenBinds,
  columnsOf,
  type Introspection,
  idOf,
  isOwn,
  keyKinds,
  keyRules,
  type ListedColumn,
  type ListedKey,
  type ListedTable,
  listedTable,
  namesIn,
  pairsOf,
  type SchemaChoice,
  text,
  textOrNull,
} from './introspect.ts'

async function listTables(
  runner: ProgramRunner,
  flavour: Flavour,
  choice: SchemaChoice,
  signal: AbortSignal,
): Promise<readonly ListedTable[]> {
  const rows = await runner.query(
    `select n.nspname, c.relname, n.nspname = current_schema(), c.relkind = 'v'
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'v') and ${isOwn(flavour)}${chosen(choice)}
       and has_schema_privilege(n.oid, 'usage') and (has_table_privilege(c.oid, 'select') or has_table_privilege(c.oid, 'insert'))`,
    chosenBinds(choice),
    signal,
  )
  return rows.map(listedTable)
}

async function listColumns(
  runner: ProgramRunner,
  tables: readonly ListedTable[],
  signal: AbortSignal,
): Promise<readonly (readonly ListedColumn[] | null)[]> {
  const rows = await runner.query(
    `select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, -1), t.typname, a.attnotnull,
            pg_get_expr(d.adbin, d.adrelid)
     from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     left join pg_catalog.pg_type t on t.oid = a.atttypid
     left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where (n.nspname, c.relname) in ${pairsOf(tables)} and c.relkind in ('r', 'v')
     order by a.attnum`,
    namesIn(tables),
    signal,
  )
  return columnsOf(tables, rows, listedColumn)
}

/** An identity is a default of its own kind here. */
function listedColumn([name, dbType, castType, typeName, notNull, dflt]: readonly Json[]): ListedColumn {
  const isIdentity = typeof dflt === 'string' && /^"?(?:default_)?identity"?\(/i.test(dflt)
  return {
    name: text(name),
    dbType: text(dbType),
    castType: text(castType),
    typeName: text(typeName),
    notNull: notNull === 't',
    default: isIdentity ? null : textOrNull(dflt),
    isIdentity,
    isGenerated: false,
  }
}

/** Most columns of a key. */
const places = Array.from({ length: 16 }, (_, i) => `select ${i + 1} as o`).join(' union all ')

/** A row for each column of each key, in order. */
async function listKeys(runner: ProgramRunner, flavour: Flavour, signal: AbortSignal): Promise<readonly ListedKey[]> {
  const rows = await runner.query(
    `select n.nspname, c.relname, k.conname, k.contype, a.attname, fn.nspname, f.relname, fa.attname, k.confupdtype, k.confdeltype
     from pg_catalog.pg_constraint k
     join (${places}) p on k.conkey[p.o] is not null
     join pg_catalog.pg_class c on c.oid = k.conrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[p.o]
     left join pg_catalog.pg_class f on f.oid = k.confrelid
     left join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
     left join pg_catalog.pg_attribute fa on fa.attrelid = k.confrelid and fa.attnum = k.confkey[p.o]
     where k.contype in ('p', 'u', 'f') and ${isOwn(flavour)}
     order by n.nspname, c.relname, k.conname, p.o`,
    [],
    signal,
  )
  const found: (ListedKey & { readonly columns: string[]; readonly refColumns: string[] })[] = []
  for (const [schema, relation, name, kind, column, refSchema, refRelation, refColumn, onUpdate, onDelete] of rows) {
    const table = idOf(schema, relation)
    let key = found.at(-1)
    if (key === undefined || key.table !== table || key.name !== name) {
      key = {
        table,
        name: text(name),
        kind: keyKinds[text(kind)] ?? 'unique',
        columns: [],
        refTable: idOf(refSchema, refRelation),
        refColumns: [],
        onUpdate: keyRules[text(onUpdate)] ?? 'NO ACTION',
        onDelete: keyRules[text(onDelete)] ?? 'NO ACTION',
      }
      found.push(key)
    }
    key.columns.push(text(column))
    if (refColumn !== null && refColumn !== undefined) key.refColumns.push(text(refColumn))
  }
  return found
}

export const redshiftIntrospection: Introspection = { listTables, listColumns, listKeys }
