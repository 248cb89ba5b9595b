/**
 * MySQL's and MariaDB's SQL. Parents' keys go in as one JSON text (JSON_TABLE; older servers take a union of rows), in the type and
 * collation of the column that they meet, so that its index is used and the server does not refuse to compare. Lists are placeholders
 * that the driver multiplies. Writes return nothing: generated keys are told by the server, the rest is read again.
 */
import type {
  Column,
  ColumnDefinition,
  DefaultExpression,
  FunctionName,
  OrderTerm,
  ReadPlan,
  SchemaPlan,
  SimpleType,
  Slot,
  WritePlan,
} from 'dataferry/records'
import { nameOf } from 'dataferry/records'
import { BadRequest, type Json, NotImplemented } from 'dataferry/sdk'
import {
  asNamed,
  checkedName,
  type KeyType,
  type NumberedParts,
  type ParentsSource,
  type ReadProgram,
  references,
  SqlCompiler,
  type StatementWriter,
  type TypeWords,
  tableText,
} from 'dataferry/sql'
import { isSpatial } from './declared.ts'
import { collationOf, type ErrorNames, type InsertAnswer, isTransactional, type MysqlWriteProgram } from './names.ts'
import { nativeTypes } from './natives.ts'
import type { ServerFacts } from './server.ts'

/** An option of a table with a word, a number or a comment. */
const option = [
  '(?:(?:engine|row_format|(?:default )?(?:charset|character set)|(?:default )?collate) ?=? ?\\w+',
  '(?:auto_increment|key_block_size|avg_row_length|max_rows|min_rows|stats_persistent) ?=? ?\\d+',
  "comment ?=? ?'(?:[^'\\\\]|'')*')",
].join('|')

/** data-plane 6.5. */
const words: TypeWords = {
  ...asNamed('integer', 'bigint', 'smallint', 'mediumint', 'tinyint', 'float', 'double', 'text', 'mediumtext'),
  ...asNamed('longtext', 'json', 'date', 'time', 'datetime', 'year'),
  ...references('int(11)'),
  array: 'json',
  object: 'json',
  jsonb: 'json',
  boolean: 'tinyint(1)',
  money: 'decimal(19,4)',
  timetz: 'time',
  datetimetz: 'datetime',
}

export class MysqlCompiler extends SqlCompiler {
  readonly #facts: () => ServerFacts
  protected override readonly words = words
  override readonly nameLimit = 64
  override readonly ifNotExists = ''
  override readonly tableOptions = new RegExp(`^${option}(?: ?,? ${option})*$`, 'i')

  /** `facts` of the server, known as soon as its catalog was read. */
  constructor(facts: () => ServerFacts) {
    super()
    this.#facts = facts
  }

  override compileRead(plan: ReadPlan, id: string): ReadProgram {
    return super.compileRead(withNullOrders(plan), id)
  }

  override compileWrite(plan: WritePlan, id: string): MysqlWriteProgram {
    const program = super.compileWrite(plan, id)
    const common = { ...program, names: errorNames(plan), upsert: plan.kind === 'upsert' }
    if (plan.kind !== 'insert' || plan.set.length === 0)
      return { ...common, insert: plan.kind === 'insert' ? this.#insert(plan, program.statement.text, '') : null }
    const names = plan.set.map(({ column }) => this.identifier(column.name)).join(', ')
    return {
      ...common,
      insert: this.#insert(plan, program.statement.text, `insert into ${this.table(plan.into)} (${names}) values `),
    }
  }

  override compileSchema(plan: SchemaPlan): readonly string[] {
    const refers =
      plan.kind === 'add-foreign-key' || (plan.kind === 'create-table' && (plan.foreignKeys ?? []).length > 0)
    if (refers && !this.#facts().foreignKeys) throw new NotImplemented('SingleStore does not keep references.')
    return super.compileSchema(plan)
  }

  /** `head`: what stands before the values of a row; empty where rows can't be put together. */
  #insert(plan: WritePlan, text: string, head: string): MysqlWriteProgram['insert'] {
    return {
      head,
      tuple: text.slice(head.length),
      answers: plan.returning.map(({ column }) => answerOf(plan, column)),
      many: head !== '' && isTransactional(plan.into),
    }
  }

  override identifier(name: string): string {
    return `\`${name.replaceAll('`', '``')}\``
  }

  /** A text that is compared with a decimal would be compared as a double. */
  override typed(placeholder: string, type: SimpleType | null): string {
    return type === 'decimal' || type === 'money' ? `cast(${placeholder} as decimal(65,30))` : placeholder
  }

  override limit(out: StatementWriter, limit: Slot | 'one' | null, offset: Slot | null): string {
    const all = limit === null && offset !== null ? ' limit 18446744073709551615' : ''
    return all + super.limit(out, limit, offset)
  }

  /** Nulls are the least here. */
  override orderTerm(expression: string, descending: boolean, nulls: 'first' | 'last' | null): string {
    const term = descending ? `${expression} desc` : expression
    if (nulls === null || (nulls === 'first') !== descending || /^\d+$/.test(expression)) return term
    return `${expression} is null${nulls === 'first' ? ' desc' : ''}, ${term}`
  }

  override projected(expression: string, column: Column | null): string {
    return column !== null && isSpatial(column.dbType) ? `st_astext(${expression})` : expression
  }

  override written(expression: string, column: Column): string {
    return isSpatial(column.dbType) ? `st_geomfromtext(${expression})` : expression
  }

  /** Without common table expressions the parents stand behind the columns. */
  override get parentsFirst(): boolean {
    return this.#facts().windows
  }
  /**
   * MySQL may take the children first, and read the JSON text again for each of them, as long as it has not counted the rows of a new
   * table: seconds for a few hundred parents. SingleStore has no such word.
   */
  override get parentJoin(): string {
    return this.#facts().vendor === 'singlestore' ? 'join' : 'straight_join'
  }
  /**
   * Where the server has no window functions its variables count: the limit keeps the inner rows apart and in order, and what is
   * selected is computed from left to right.
   */
  override numbered(parts: NumberedParts): string {
    if (this.#facts().windows) return super.numbered(parts)
    const rows = `select ${['p.o as o', ...parts.columns()].join(', ')} from ${parts.from()}${parts.rest()}`
    const order = ['p.o', parts.order().slice(' order by '.length)].filter((term) => term !== '').join(', ')
    const sorted = `(${rows} order by ${order} limit 18446744073709551615) as q`
    const number = '@df_n := if(q.o = @df_o, @df_n + 1, 1) as n, @df_o := q.o as m'
    return `select q.*, ${number} from ${sorted} cross join (select @df_n := 0, @df_o := null) as v`
  }

  override parents(out: StatementWriter, keys: readonly Column[]): ParentsSource {
    const { jsonTable, windows } = this.#facts()
    const placeholder = out.add({ kind: 'parents', member: null })
    const names = keys.map((_, i) => `k${i + 1}`)
    const columns = keys.map((column, i) => `k${i + 1} ${keyColumnType(column)} path '$[${i + 1}]'`)
    const rows = jsonTable
      ? `json_table(${placeholder}, '$[*]' columns (o int path '$[0]', ${columns.join(', ')})) as t`
      : `(${placeholder}) as t`
    const members = keys.map((column, i) => keyText(`t.k${i + 1}`, column))
    if (windows)
      return {
        with: `with p (${['o', ...names].join(', ')}) as (select ${['t.o', ...members].join(', ')} from ${rows}) `,
        from: 'p',
      }
    const named = members.map((member, i) => `${member} as k${i + 1}`)
    return { with: '', from: `(select ${['t.o', ...named].join(', ')} from ${rows}) as p` }
  }

  /** Texts that are compared with a decimal would be compared as doubles, so a list of those is read as decimals. */
  override member(out: StatementWriter, left: string, list: Slot, column: Column | null): string {
    const placeholder = out.add({ kind: 'list', slot: list })
    const exact = (column?.type === 'decimal' || column?.type === 'money') && this.#facts().jsonTable
    if (!exact) return `${left} in (${placeholder})`
    return `${left} in (select l.v from json_table(${placeholder}, '$[*]' columns (v decimal(65,30) path '$')) as l)`
  }

  override concat(parts: readonly string[]): string {
    return `concat(${parts.join(', ')})`
  }
  override xor(left: string, right: string): string {
    return `(${left}) xor (${right})`
  }

  override call(name: FunctionName, args: readonly string[], types: readonly (SimpleType | null)[]): string {
    return name === 'length' ? `char_length(${args.join(', ')})` : super.call(name, args, types)
  }

  override insertDefaults(): string {
    return ' () values ()'
  }
  /** Any unique key of the table makes it an update; the server does not let one be named. */
  override onConflict(key: readonly Column[], set: readonly Column[]): string {
    const named = set.length > 0 && this.#facts().rowAlias
    const written = (set.length > 0 ? set : key).map((column) => {
      const name = this.identifier(column.name)
      if (set.length === 0) return `${name} = ${name}`
      return named ? `${name} = df_new.${name}` : `${name} = values(${name})`
    })
    return `${named ? ' as df_new' : ''} on duplicate key update ${written.join(', ')}`
  }
  override returning(_columns: string): string {
    return ''
  }

  override stringLiteral(value: string): string {
    return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
  }
  override keyType(type: KeyType): string {
    const types = { id: 'int(11)', bigid: 'bigint(20)', mediumid: 'mediumint(9)', smallid: 'smallint(6)' } as const
    return `${types[type]} not null auto_increment primary key`
  }
  override hasType(word: string): boolean {
    return nativeTypes.has(word.replace(/ (?:unsigned|signed|zerofill)\b/g, ''))
  }
  override hasMembers(word: string): boolean {
    return word === 'enum' || word === 'set'
  }
  /** Anything but the present moment is an expression in parentheses, which older servers do not take. */
  override defaultExpression(expression: DefaultExpression, column: ColumnDefinition): string {
    if (expression === 'now' && moments.has(column.type)) return 'current_timestamp'
    if (!this.#facts().computedDefaults)
      throw new BadRequest(`The default of field '${column.name}' can not be computed by this server.`)
    return expression === 'uuid' ? '(uuid())' : `(${super.defaultExpression(expression, column)})`
  }
  override dropUnique(constraint: string): string {
    return `drop index ${this.identifier(constraint)}`
  }
  override dropForeignKey(constraint: string): string {
    return `drop foreign key ${this.identifier(constraint)}`
  }
  override dropColumn(plan: Extract<SchemaPlan, { kind: 'drop-column' }>): readonly string[] {
    const keys = plan.foreignKeys.map((key) => `drop foreign key ${this.identifier(key)}, `).join('')
    return [`alter table ${tableText(this, plan.table)} ${keys}drop column ${checkedName(this, plan.column)}`]
  }
  override fits(name: string): boolean {
    return [...name].length <= this.nameLimit
  }

  override columnType(column: ColumnDefinition): string {
    const { type, length, fixedLength } = column
    switch (type) {
      case 'binary':
        return `${fixedLength === true ? 'binary' : 'varbinary'}(${length ?? 255})`
      case 'uuid':
      case 'timeuuid':
        return this.#facts().uuid ? 'uuid' : 'char(36)'
      case 'timestamp':
      case 'timestamptz':
      case 'timestamp_on_create':
        return timestamp(column)
      case 'timestamp_on_update':
        return `${timestamp(column)} on update current_timestamp`
      default:
        return `${super.columnType(column)}${column.exact === true ? toldApart : ''}`
    }
  }
}

const toldApart = ' character set utf8mb4 collate utf8mb4_bin'

/** Types whose default may be the present moment. */
const moments: ReadonlySet<SimpleType> = new Set<SimpleType>([
  'datetime',
  'datetimetz',
  'timestamp',
  'timestamptz',
  'timestamp_on_create',
  'timestamp_on_update',
])

/** Older servers make a timestamp that does not say so one that can't be null. */
const timestamp = ({ allowNull }: ColumnDefinition): string => (allowNull === true ? 'timestamp null' : 'timestamp')

/** A position can't be asked whether it is null, so the column itself is ordered by. */
function withNullOrders(plan: ReadPlan): ReadPlan {
  if (!plan.order.some((term) => term.nulls !== null && term.expr.kind === 'output')) return plan
  return { ...plan, order: plan.order.map((term) => ({ ...term, expr: atPosition(plan, term) })) }
}

function atPosition(plan: ReadPlan, { expr, nulls }: OrderTerm): OrderTerm['expr'] {
  if (nulls === null || expr.kind !== 'output') return expr
  const projected = plan.columns[expr.index]?.expr
  return projected === undefined || projected.kind === 'aggregate' ? expr : projected
}

const integers: ReadonlySet<SimpleType> = new Set<SimpleType>([
  'id',
  'bigid',
  'smallid',
  'mediumid',
  'integer',
  'bigint',
  'smallint',
  'mediumint',
  'tinyint',
  'boolean',
  'reference',
  'user_id',
  'user_id_on_create',
  'user_id_on_update',
])

/**
 * A key in the character set and collation of the column that it meets: the server refuses to compare two columns of different ones.
 * What its character set does not have meets nothing, where the server would make a question mark of it.
 */
function keyText(name: string, column: Column): string {
  if (column.type === 'binary') return `unhex(${name})`
  const collation = collationOf(column)
  if (collation === null) return name
  const set = collation.split('_', 1)[0]
  if (set === 'utf8mb4') return `${name} collate ${collation}`
  const converted = `convert(${name} using ${set})`
  const kept = `convert(${converted} using utf8mb4) collate utf8mb4_bin = ${name}`
  return `if(${kept}, ${converted}, null) collate ${collation}`
}

/** The type in which a parent's key is read. */
function keyColumnType(column: Column): string {
  const { type, dbType, length } = column
  if (integers.has(type)) return /unsigned/i.test(dbType) ? 'bigint unsigned' : 'bigint'
  switch (type) {
    case 'decimal':
    case 'money':
      return /^(?:decimal|numeric)\(\d+(?:,\d+)?\)/i.exec(dbType)?.[0] ?? 'decimal(65,30)'
    case 'float':
    case 'double':
      return 'double'
    case 'date':
      return 'date'
    case 'time':
      return 'time(6)'
    case 'datetime':
    case 'timestamp':
    case 'timestamp_on_create':
    case 'timestamp_on_update':
      return 'datetime(6)'
    case 'binary':
      return `varchar(${Math.min(Math.max((length ?? 0) * 2, 512), 16_000)})`
    default: {
      return `varchar(${Math.min(Math.max(length ?? 0, 255), 16_000)}) character set utf8mb4`
    }
  }
}

/** What an insert answers of a column. */
function answerOf({ set }: WritePlan, column: Column | null): InsertAnswer {
  if (column === null) return { kind: 'unknown' }
  const given = set.find((part) => part.column.name === column.name)
  if (given?.expr.kind === 'value') return { kind: 'given', slot: given.expr.value, generates: column.autoIncrement }
  return given === undefined && column.autoIncrement ? { kind: 'generated' } : { kind: 'unknown' }
}

/** Names for the errors of writes to this table. */
function errorNames({ into }: WritePlan): ErrorNames {
  const shown = new Map(into.columns.map((column) => [column.name, nameOf(column)]))
  const unique: { [key: string]: readonly string[] } = {}
  if (into.constraints !== null && typeof into.constraints === 'object' && !Array.isArray(into.constraints)) {
    for (const [key, constraint] of Object.entries(into.constraints as { readonly [key: string]: Json })) {
      const columns = (constraint as { readonly column_name?: Json } | null)?.column_name
      const list = (Array.isArray(columns) ? columns : [columns]).filter(
        (name): name is string => typeof name === 'string',
      )
      unique[key.toLowerCase()] = list.map((name) => shown.get(name) ?? name)
    }
  }
  const fields = Object.fromEntries([...shown].filter(([name, field]) => name !== field))
  return { unique, fields }
}
