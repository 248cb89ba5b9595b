/**
 * Reads the server's own catalog in a few statements whatever the number of tables: which tables there are, the columns of some, and the
 * keys around some or of all at once.
 */
import type { Json } from 'dataferry/sdk'
import type { ProgramRunner } from 'dataferry/sql'
import type { Flavour } from './flavours.ts'

export interface ListedTable {
  /** Schema and name: what was dropped and made anew has the same. */
  readonly id: string
  readonly schema: string
  /** The table's own name, without its schema. */
  readonly relation: string
  /** What clients call it: `schema.table` outside of the default schema. */
  readonly name: string
  readonly inDefaultSchema: boolean
  readonly isView: boolean
}

export interface ListedColumn {
  readonly name: string
  /** As the server prints it, for example `character varying(80)`; that of the base type for a domain. */
  readonly dbType: string
  /** The same without its measures, as a cast that neither cuts nor pads. */
  readonly castType: string
  /** The server's short name of the type: `varchar`, `int4`. */
  readonly typeName: string
  readonly notNull: boolean
  /** The SQL text of the default. */
  readonly default: string | null
  readonly isIdentity: boolean
  readonly isGenerated: boolean
}

/** How a kind of server is asked about its structure. */
export interface Introspection {
  /** All tables and views that the login has any right to, in no order. */
  listTables(
    runner: ProgramRunner,
    flavour: Flavour,
    choice: SchemaChoice,
    signal: AbortSignal,
  ): Promise<readonly ListedTable[]>
  /** The columns of tables and views, in order, for each of them; null where there is none of this name any more. */
  listColumns(
    runner: ProgramRunner,
    tables: readonly ListedTable[],
    signal: AbortSignal,
  ): Promise<readonly (readonly ListedColumn[] | null)[]>
  /** Primary, unique and foreign keys of all tables. */
  listKeys(runner: ProgramRunner, flavour: Flavour, signal: AbortSignal): Promise<readonly ListedKey[]>
  /** Those of some tables and of the tables that refer to them, where they can be had for less than all. */
  listKeysAround?(
    runner: ProgramRunner,
    flavour: Flavour,
    tables: readonly ListedTable[],
    signal: AbortSignal,
  ): Promise<readonly ListedKey[]>
}

/** Tables by their `id`. */
export interface ListedKey {
  readonly table: string
  readonly name: string
  readonly kind: 'primary' | 'unique' | 'foreign'
  readonly columns: readonly string[]
  readonly refTable: string
  readonly refColumns: readonly string[]
  readonly onUpdate: string
  readonly onDelete: string
}

/** Which schemas a service shows (data-plane 3.2): all, the connection's default one, or one by name. */
export type SchemaChoice =
  | { readonly kind: 'all' }
  | { readonly kind: 'default' }
  | { readonly kind: 'named'; readonly name: string }

export function schemaChoice(configured: Json | undefined): SchemaChoice {
  const name = typeof configured === 'string' ? configured.trim() : ''
  if (name === '') return { kind: 'all' }
  return name.toLowerCase() === 'default' ? { kind: 'default' } : { kind: 'named', name }
}

const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** A condition on `n`: the schema is none of the server's own. */
export const isOwn = ({ systemSchemas }: Flavour): string =>
  `n.nspname !~ '^pg_' and n.nspname not in (${['information_schema', ...systemSchemas].map(literal).join(', ')})`

async function listTables(
  runner: ProgramRunner,
  flavour: Flavour,
  choice: SchemaChoice,
  signal: AbortSignal,
): Promise<readonly ListedTable[]> {
  const rows = await runner.query(
    `select n.nspname, c.relname, n.nspname = current_schema(), c.relkind in ('v', 'm')
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${isOwn(flavour)}${chosen(choice)}
       and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select, insert, update, delete, references, trigger')`,
    chosenBinds(choice),
    signal,
  )
  return rows.map(listedTable)
}

/** A condition on `n`, and its bind. */
export const chosen = ({ kind }: SchemaChoice): string =>
  kind === 'all' ? '' : kind === 'default' ? ' and n.nspname = current_schema()' : ' and n.nspname = $1'
export const chosenBinds = (choice: SchemaChoice): readonly string[] => (choice.kind === 'named' ? [choice.name] : [])

/** A row of schema, name, whether the schema is the default one, whether it is a view. */
export function listedTable([schema, relation, isDefault, isView]: readonly Json[]): ListedTable {
  const inDefaultSchema = isDefault === 't'
  return {
    id: idOf(schema, relation),
    schema: text(schema),
    relation: text(relation),
    name: inDefaultSchema ? text(relation) : `${text(schema)}.${text(relation)}`,
    inDefaultSchema,
    isView: isView === 't',
  }
}

async function listColumns(
  runner: ProgramRunner,
  tables: readonly ListedTable[],
  signal: AbortSignal,
): Promise<readonly (readonly ListedColumn[] | null)[]> {
  const rows = await runner.query(
    `select n.nspname, c.relname, a.attname,
            case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) else format_type(a.atttypid, a.atttypmod) end,
            format_type(b.oid, -1), b.typname, a.attnotnull or (t.typtype = 'd' and t.typnotnull),
            pg_get_expr(d.adbin, d.adrelid), a.attidentity <> '', a.attgenerated <> '',
            case when t.typtype = 'd' then t.typdefault end
     from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     left join pg_catalog.pg_type t on t.oid = a.atttypid
     left join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
     left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where (n.nspname, c.relname) in ${pairsOf(tables)} and c.relkind in ('r', 'p', 'v', 'm', 'f')
     order by a.attnum`,
    namesIn(tables),
    signal,
  )
  return columnsOf(
    tables,
    rows,
    ([name, dbType, castType, typeName, notNull, dflt, identity, generated, domainDefault]) => ({
      name: text(name),
      dbType: text(dbType),
      castType: text(castType),
      typeName: text(typeName),
      notNull: notNull === 't',
      default: generated === 't' ? null : textOrNull(dflt ?? domainDefault),
      isIdentity: identity === 't',
      isGenerated: generated === 't',
    }),
  )
}

/** Placeholders for `namesIn`, pairs of a schema and a table in it. */
export const pairsOf = (tables: readonly ListedTable[]): string =>
  `(${tables.map((_, index) => `($${2 * index + 1}, $${2 * index + 2})`).join(', ')})`
export const namesIn = (tables: readonly ListedTable[]): readonly string[] =>
  tables.flatMap(({ schema, relation }) => [schema, relation])

/** Rows of schema, table and what is told of a column, nothing of that for a table without columns. */
export function columnsOf(
  tables: readonly ListedTable[],
  rows: readonly (readonly Json[])[],
  column: (told: readonly Json[]) => ListedColumn,
): readonly (readonly ListedColumn[] | null)[] {
  const found = Map.groupBy(rows, ([schema, relation]) => idOf(schema, relation))
  return tables.map(({ id }) => {
    const own = found.get(id)
    return own === undefined ? null : own.filter(([, , name]) => name !== null).map(([, , ...told]) => column(told))
  })
}

export const keyKinds: { readonly [contype: string]: ListedKey['kind'] } = { p: 'primary', u: 'unique', f: 'foreign' }
export const keyRules: { readonly [action: string]: string } = {
  a: 'NO ACTION',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
}

const listKeys: Introspection['listKeys'] = (runner, flavour, signal) => keysWhere('', [], runner, flavour, signal)

const listKeysAround: Introspection['listKeysAround'] = (runner, flavour, tables, signal) =>
  keysWhere(
    `and k.conrelid in (
       select t.oid from pg_catalog.pg_class t join pg_catalog.pg_namespace s on s.oid = t.relnamespace
       where (s.nspname, t.relname) in ${pairsOf(tables)}
       union all
       select r.conrelid from pg_catalog.pg_constraint r join pg_catalog.pg_class t on t.oid = r.confrelid
       join pg_catalog.pg_namespace s on s.oid = t.relnamespace
       where r.contype = 'f' and (s.nspname, t.relname) in ${pairsOf(tables)})`,
    namesIn(tables),
    runner,
    flavour,
    signal,
  )

/** In one statement; `condition` on the constraint `k`. Foreign keys that partitions inherit are left out. */
async function keysWhere(
  condition: string,
  binds: readonly string[],
  runner: ProgramRunner,
  flavour: Flavour,
  signal: AbortSignal,
): Promise<readonly ListedKey[]> {
  const names = (relation: string, numbers: string): string =>
    `(select json_agg(a.attname order by u.o) from unnest(${numbers}) with ordinality as u (n, o)
      join pg_catalog.pg_attribute a on a.attrelid = ${relation} and a.attnum = u.n)`
  const rows = await runner.query(
    `select n.nspname, c.relname, k.conname, k.contype, ${names('k.conrelid', 'k.conkey')},
            fn.nspname, f.relname, ${names('k.confrelid', 'k.confkey')}, k.confupdtype, k.confdeltype
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_class c on c.oid = k.conrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_class f on f.oid = k.confrelid
     left join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
     where k.contype in ('p', 'u', 'f') and ${isOwn(flavour)} and (k.contype <> 'f' or k.conparentid = 0) ${condition}
     order by k.conrelid, k.oid`,
    binds,
    signal,
  )
  return rows.map(
    ([schema, relation, name, kind, columns, refSchema, refRelation, refColumns, onUpdate, onDelete]) => ({
      table: idOf(schema, relation),
      name: text(name),
      kind: keyKinds[text(kind)] ?? 'unique',
      columns: namesOf(columns),
      refTable: idOf(refSchema, refRelation),
      refColumns: namesOf(refColumns),
      onUpdate: keyRules[text(onUpdate)] ?? 'NO ACTION',
      onDelete: keyRules[text(onDelete)] ?? 'NO ACTION',
    }),
  )
}

export const idOf = (schema: Json | undefined, relation: Json | undefined): string =>
  JSON.stringify([text(schema), text(relation)])
const namesOf = (json: Json | undefined): readonly string[] =>
  typeof json === 'string' ? (JSON.parse(json) as readonly string[]) : []
export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
export const textOrNull = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)

export const postgresIntrospection: Introspection = { listTables, listColumns, listKeys, listKeysAround }
