/**
 * Changes of structure. Where ALTER TABLE does not reach, the table is made anew in the steps that SQLite's own manual gives: a new table,
 * the rows copied, the old one dropped, the new one renamed, indexes and triggers made again, references checked; all in the session's
 * transaction.
 */
import type { ColumnDefinition, Row, SchemaPlan, TableName } from 'dataferry/records'
import { BadRequest, InternalError } from 'dataferry/sdk'
import {
  columnText,
  createIndex,
  defaultValue,
  foreignKeyText,
  type SqlSession,
  textRows,
  typeText,
} from 'dataferry/sql'
import type { SqliteCompiler } from './compiler.ts'
import {
  columnOf,
  editColumn,
  readDefinition,
  type TableDefinition,
  withoutColumn,
  withoutConstraint,
  writeDefinition,
} from './definition.ts'

type AddColumn = Extract<SchemaPlan, { kind: 'add-column' }>
type Edit = Extract<SchemaPlan, { kind: 'add-column' | (typeof reaching)[number] }>

/** What ALTER TABLE does not reach at all, or not in all its forms. */
const reaching = ['alter-column', 'drop-column', 'add-foreign-key', 'drop-foreign-key', 'drop-unique'] as const
const beyond: ReadonlySet<string> = new Set(reaching)

/** Executes the plans in order; neighbours on one table share one new table. */
export async function changeStructure(
  sql: SqliteCompiler,
  plans: readonly SchemaPlan[],
  session: SqlSession,
): Promise<void> {
  if (plans.some(needsNewTable) && (await session.unguarded?.()) !== true) {
    throw new InternalError('The structure of a table can be changed at the start of a transaction only.')
  }
  for (let at = 0; at < plans.length; ) {
    const edits = editsFrom(plans, at)
    if (edits.some(needsNewTable)) {
      await makeAnew(sql, edits, session)
      at += edits.length
      continue
    }
    const plan = plans[at] as SchemaPlan
    const texts =
      plan.kind === 'add-unique'
        ? [createIndex(sql, plan.table, plan.schema, plan.columns, true)]
        : sql.compileSchema(plan)
    for (const text of texts) await session.execute(text)
    at += 1
  }
}

/** ADD COLUMN takes neither a column that existing rows would leave without a value nor a default that is computed. */
function needsNewTable(plan: SchemaPlan): boolean {
  if (plan.kind === 'add-column') {
    const { column } = plan
    const stamped = column.type === 'timestamp_on_create' || column.type === 'timestamp_on_update'
    const computed = typeof column.default === 'object' || (stamped && column.default === undefined)
    return computed || (column.allowNull !== true && column.default === undefined)
  }
  return beyond.has(plan.kind)
}

function editsFrom(plans: readonly SchemaPlan[], from: number): readonly Edit[] {
  const edits: Edit[] = []
  for (const plan of plans.slice(from)) {
    if (!isEdit(plan) || (edits[0] !== undefined && nameOf(plan.table) !== nameOf(edits[0].table))) break
    edits.push(plan)
  }
  return edits
}

const isEdit = (plan: SchemaPlan): plan is Edit => plan.kind === 'add-column' || beyond.has(plan.kind)
const nameOf = (table: TableName): string => (typeof table === 'string' ? table : table.name)

async function makeAnew(sql: SqliteCompiler, edits: readonly Edit[], session: SqlSession): Promise<void> {
  const name = nameOf(edits[0]?.table ?? '')
  const [made] = await session.rows(textRows('structure-table', tableSql, ['name', 'sql']), [name])
  if (made === undefined) throw new BadRequest(`Table '${name}' does not exist any more.`)
  const real = String(made.name)
  const before = readDefinition(String(made.sql))
  const after = edits.reduce((definition, edit) => edited(sql, definition, edit), before)
  const others = await session.rows(textRows('structure-others', othersSql, ['type', 'name', 'sql']), [real])
  const kept = await keptOthers(session, others, edits)
  const old = sql.identifier(real)
  const fresh = sql.identifier(`df_new_${real}`)
  await session.execute(writeDefinition(fresh, after))
  await copyRows(sql, session, { real, old, fresh, before, after, edits })
  await session.execute(`drop table ${old}`)
  await session.execute(`alter table ${fresh} rename to ${old}`)
  for (const text of kept) await session.execute(text)
  if (edits.some((edit) => edit.kind === 'add-foreign-key')) await checkReferences(session, real)
}

function edited(sql: SqliteCompiler, table: TableDefinition, edit: Edit): TableDefinition {
  switch (edit.kind) {
    case 'add-column':
      return { ...table, columns: [...table.columns, { name: edit.column.name, text: columnText(sql, edit.column) }] }
    case 'drop-column':
      return withoutColumn(table, edit.column)
    case 'drop-unique':
      return withoutConstraint(table, edit.column, 'unique')
    case 'drop-foreign-key':
      return withoutConstraint(table, edit.column, 'reference')
    case 'add-foreign-key': {
      const { table: of, schema, foreignKey } = edit
      return { ...table, constraints: [...table.constraints, foreignKeyText(sql, of, schema, foreignKey)] }
    }
    case 'alter-column': {
      const { column, parts } = edit
      const was = columnOf(table, column.name)
      const text = editColumn(was, {
        ...(parts.type ? { type: typeText(sql, column) } : {}),
        ...(parts.allowNull ? { allowNull: column.allowNull === true } : {}),
        ...(parts.default ? { default: defaultValue(sql, column) } : {}),
      })
      return { ...table, columns: table.columns.map((each) => (each === was ? text : each)) }
    }
  }
}

const dropped = (edits: readonly Edit[]): ReadonlySet<string> =>
  new Set(edits.flatMap((edit) => (edit.kind === 'drop-column' ? [edit.column.toLowerCase()] : [])))

/**
 * Statements that make the table's indexes and triggers again; an index over a column that goes, goes with it, and so does the unique one of
 * a column that is no longer unique.
 */
async function keptOthers(
  session: SqlSession,
  others: readonly Row[],
  edits: readonly Edit[],
): Promise<readonly string[]> {
  const gone = dropped(edits)
  const freed = new Set(edits.flatMap((edit) => (edit.kind === 'drop-unique' ? [edit.column.toLowerCase()] : [])))
  const kept: string[] = []
  for (const { type, name, sql } of others) {
    if (type === 'index' && gone.size + freed.size > 0) {
      const rows = await session.rows(textRows('structure-index', indexSql, ['name']), [String(name)])
      const over = rows.map((column) => String(column.name).toLowerCase())
      const isFreed = over.length === 1 && freed.has(over[0] ?? '') && makesUnique(String(sql))
      if (isFreed || over.some((column) => gone.has(column))) continue
    }
    kept.push(String(sql))
  }
  return kept
}

/** Of some rows only it does not count as a constraint of the column. */
const makesUnique = (sql: string): boolean => /^create\s+unique\b/i.test(sql) && !/\)\s*where\b/i.test(sql)

interface Copy {
  readonly real: string
  readonly old: string
  readonly fresh: string
  readonly before: TableDefinition
  readonly after: TableDefinition
  readonly edits: readonly Edit[]
}

async function copyRows(sql: SqliteCompiler, session: SqlSession, copy: Copy): Promise<void> {
  const { real, old, fresh, before, after, edits } = copy
  const computed = await session.rows(textRows('structure-computed', computedSql, ['name']), [real])
  const skipped = new Set([...computed.map(({ name }) => String(name).toLowerCase()), ...dropped(edits)])
  const columns = before.columns.filter(({ name }) => !skipped.has(name.toLowerCase()))
  const filled = edits.filter((edit): edit is AddColumn => edit.kind === 'add-column').map(({ column }) => column)
  await refuseEmpty(sql, session, old, filled)
  if (columns.length > 0) {
    const names = columns.map(({ name }) => sql.identifier(name)).join(', ')
    await session.execute(`insert into ${fresh} (${names}) select ${names} from ${old}`)
  }
  if (after.columns.some(({ text }) => /\bautoincrement\b/i.test(text))) {
    // Numbers of dropped rows are not given again.
    const next = `select 'df_new_' || name, seq from sqlite_sequence where name = ${sql.stringLiteral(real)}`
    await session.execute(`delete from sqlite_sequence where name = ${sql.stringLiteral(`df_new_${real}`)}`)
    await session.execute(`insert into sqlite_sequence (name, seq) ${next}`)
  }
}

/** Columns that can't be null and have no default can be added to an empty table only. */
async function refuseEmpty(
  sql: SqliteCompiler,
  session: SqlSession,
  old: string,
  added: readonly ColumnDefinition[],
): Promise<void> {
  const empty = added.find((column) => column.allowNull !== true && defaultValue(sql, column) === null)
  if (empty === undefined) return
  const [row] = await session.rows(textRows(`structure-any-${old}`, `select 1 as n from ${old} limit 1`, ['n']), [])
  if (row !== undefined) {
    throw new BadRequest(`Field '${empty.name}' can not be NULL and needs a default, because the table has records.`)
  }
}

async function checkReferences(session: SqlSession, table: string): Promise<void> {
  const [broken] = await session.rows(textRows('structure-references', brokenSql, ['n']), [table])
  if (broken !== undefined) throw new BadRequest(`Records of table '${table}' refer to records that do not exist.`)
}

const tableSql = `select name, sql from sqlite_schema where type = 'table' and lower(name) = lower(?)`
const othersSql = `select type, name, sql from sqlite_schema where type in ('index', 'trigger') and sql is not null and lower(tbl_name) = lower(?) order by type, rowid`
const indexSql = 'select name from pragma_index_info(?) where name is not null'
const computedSql = 'select name from pragma_table_xinfo(?) where hidden in (2, 3)'
const brokenSql = 'select 1 as n from pragma_foreign_key_check(?) limit 1'
