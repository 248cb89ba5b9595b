/**
 * Changes of columns. MySQL's MODIFY takes a whole definition, so what is not to be changed is read from the server first and said
 * again: type and character set, nullability, default, what it does on update, comment.
 */
import type { ColumnDefinition, Row, SchemaPlan, TableName } from 'dataferry/records'
import { BadRequest, type Json } from 'dataferry/sdk'
import { checkedName, defaultValue, type SqlSession, tableText, textRows, typeText } from 'dataferry/sql'
import type { MysqlCompiler } from './compiler.ts'
import type { ServerFacts } from './server.ts'

type AlterColumn = Extract<SchemaPlan, { kind: 'alter-column' }>
type DropIndex = Extract<SchemaPlan, { kind: 'drop-index' }>

/** Executes the plans in order. Each is committed by itself: this database has no transactions for them. */
export async function changeStructure(
  sql: MysqlCompiler,
  facts: ServerFacts,
  plans: readonly SchemaPlan[],
  session: SqlSession,
): Promise<void> {
  // All are written before the first is done: what can't be written leaves nothing behind.
  for (const plan of plans) if (!isAsking(plan)) sql.compileSchema(plan)
  for (const plan of plans) {
    const texts = isAsking(plan) ? await askedTexts(sql, facts, plan, session) : sql.compileSchema(plan)
    for (const text of texts) await session.execute(text)
  }
}

/** What can be written only when the server has told what is there. */
const isAsking = (plan: SchemaPlan): plan is AlterColumn | DropIndex =>
  plan.kind === 'alter-column' || plan.kind === 'drop-index'

const askedTexts = (
  sql: MysqlCompiler,
  facts: ServerFacts,
  plan: AlterColumn | DropIndex,
  session: SqlSession,
): Promise<readonly string[]> =>
  plan.kind === 'alter-column' ? alterTexts(sql, facts, plan, session) : dropTexts(sql, plan, session)

/** Drops the indexes over the column alone, whatever they are called. */
async function dropTexts(sql: MysqlCompiler, plan: DropIndex, session: SqlSession): Promise<readonly string[]> {
  const found = await session.rows(readIndexes, bindsOf(plan.table, plan.column))
  return found.map(({ name }) => `drop index ${sql.identifier(text(name))} on ${tableText(sql, plan.table)}`)
}

async function alterTexts(
  sql: MysqlCompiler,
  facts: ServerFacts,
  plan: AlterColumn,
  session: SqlSession,
): Promise<readonly string[]> {
  const [found] = await session.rows(readColumn, bindsOf(plan.table, plan.column.name))
  if (found === undefined) throw new BadRequest(`Field '${plan.column.name}' does not exist any more.`)
  const kept = keptParts(found, facts)
  if (kept.generated) throw new BadRequest(`Field '${plan.column.name}' is computed by the database.`)
  const { column, parts } = plan
  const name = checkedName(sql, column.name)
  const type = parts.type ? newType(sql, column, kept) : kept.type
  const nullable = (parts.allowNull ? column.allowNull === true : kept.nullable) ? 'null' : 'not null'
  const value = parts.default ? defaultValue(sql, column) : kept.default
  const words = [type, nullable, value === null ? '' : `default ${value}`, parts.type ? '' : kept.extra]
  const comment = kept.comment === '' ? '' : `comment ${sql.stringLiteral(kept.comment)}`
  const definition = [...words, comment].filter((word) => word !== '').join(' ')
  return [`alter table ${tableText(sql, plan.table)} modify column ${name} ${definition}`]
}

interface KeptParts {
  readonly type: string
  /** ` character set x collate y`, or nothing. */
  readonly collation: string
  readonly nullable: boolean
  readonly default: string | null
  readonly extra: string
  readonly comment: string
  readonly generated: boolean
}

function keptParts(row: Row, { quotedDefaults }: ServerFacts): KeptParts {
  const type = text(row.type)
  const extra = text(row.extra)
  const charset = text(row.charset)
  const collation = charset === '' ? '' : ` character set ${charset} collate ${text(row.collation)}`
  const onUpdate = /\bon update [a-z_]+(?:\(\d*\))?/i.exec(extra)?.[0] ?? ''
  const increments = /\bauto_increment\b/i.test(extra) ? 'auto_increment' : ''
  return {
    type: type + collation,
    collation,
    nullable: text(row.nullable) === 'YES',
    default: keptDefault(row.preset ?? null, type, extra, quotedDefaults),
    extra: [increments, onUpdate].filter((word) => word !== '').join(' '),
    comment: text(row.comment),
    generated: /\b(?:virtual|stored|persistent) generated\b/i.test(extra),
  }
}

/** A default of the catalog as SQL: MariaDB tells SQL, MySQL a bare text and whether it is computed. */
function keptDefault(value: Json, type: string, extra: string, quoted: boolean): string | null {
  if (value === null) return null
  const written = text(value)
  if (quoted) return written.toUpperCase() === 'NULL' ? null : written
  if (/^current_timestamp(?:\(\d*\))?$/i.test(written)) return written
  if (/\bDEFAULT_GENERATED\b/i.test(extra)) return `(${written})`
  if (/^(?:bit|binary|varbinary)/i.test(type)) return written
  return `'${written.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

/** A text stays in its character set. */
function newType(sql: MysqlCompiler, column: ColumnDefinition, kept: KeptParts): string {
  const type = typeText(sql, column)
  return /^(?:char|varchar|tinytext|text|mediumtext|longtext|enum|set)\b/.test(type) ? type + kept.collation : type
}

const columns = {
  type: 'column_type',
  nullable: 'is_nullable',
  preset: 'column_default',
  extra: 'extra',
  charset: 'character_set_name',
  collation: 'collation_name',
  comment: 'column_comment',
}

const readColumn = textRows(
  'structure-column',
  `select ${Object.values(columns).join(', ')} from information_schema.columns where table_schema = coalesce(?, database()) and table_name = ? and column_name = ?`,
  Object.keys(columns),
)

const readIndexes = textRows(
  'structure-indexes',
  `select index_name from information_schema.statistics where table_schema = coalesce(?, database()) and table_name = ? group by index_name having max(non_unique) = 1 and count(*) = 1 and max(column_name) = ?`,
  ['name'],
)

function bindsOf(table: TableName, column: string): readonly (string | null)[] {
  if (typeof table === 'string') return [null, table, column]
  const prefix = `${table.schema ?? ''}.`
  const bare = table.schema !== null && table.name.startsWith(prefix) ? table.name.slice(prefix.length) : table.name
  return [table.schema, bare, column]
}

const text = (value: Json | undefined): string => (value === null || value === undefined ? '' : String(value))
