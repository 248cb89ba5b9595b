/**
 * The compiler that all SQL dialects share: plans in, programs out, pure and synchronous. What databases disagree about is a method
 * here; a dialect overrides the few that differ. Identifiers come from the catalog's tables and columns only, every value is a
 * parameter.
 */
import type {
  AggregateFunction,
  ArithmeticOp,
  Column,
  ColumnDefinition,
  DefaultExpression,
  FunctionName,
  MatchOp,
  ReadPlan,
  SchemaPlan,
  SimpleType,
  Slot,
  Table,
  WritePlan,
} from 'dataferry/records'
import { BadRequest } from 'dataferry/sdk'
import type { ReadProgram, WriteProgram } from '../types.ts'
import type { TypeWords } from './column-types.ts'
import { name as columnName, compileSchema, defaultValue, type KeyType, tableText, typeText } from './ddl.ts'
import { compileRead } from './select.ts'
import { compileWrite } from './write.ts'
import type { StatementWriter } from './writer.ts'

/** Where the parents' keys of a relation come from, as columns `o`, `k1`, `k2`, ... of the table alias `p`. */
export interface ParentsSource {
  /**
   * Goes before the statement: a common table expression with its trailing blank, or ''. Parameters of databases whose placeholders have no
   * numbers belong here, since `from` is written behind the columns.
   */
  readonly with: string
  /** What stands behind `from`, alias included. */
  readonly from: string
}

/** The parts of a statement whose rows are numbered for each parent. Each is made when it is asked for, once, in the order of the text. */
export interface NumberedParts {
  /** Named `c0`, `c1`, ... */
  columns(): readonly string[]
  /** Begins with ` order by `, or is empty. */
  order(): string
  from(): string
  /** The conditions and groups behind `from`. */
  rest(): string
}

export abstract class SqlCompiler {
  compileRead(plan: ReadPlan, id: string): ReadProgram {
    return compileRead(this, plan, id)
  }
  compileWrite(plan: WritePlan, id: string): WriteProgram {
    return compileWrite(this, plan, id)
  }
  /** The statements of a change of structure, in order. */
  compileSchema(plan: SchemaPlan): readonly string[] {
    return compileSchema(this, plan)
  }

  // ---- names and parameters

  identifier(name: string): string {
    return `"${name.replaceAll('"', '""')}"`
  }
  /** A table by its schema, where it has one of its own. A name that begins with the schema loses that part. */
  table(table: Pick<Table, 'name' | 'schema'>): string {
    if (table.schema === null) return this.identifier(table.name)
    const prefix = `${table.schema}.`
    const name = table.name.startsWith(prefix) ? table.name.slice(prefix.length) : table.name
    return `${this.identifier(table.schema)}.${this.identifier(name)}`
  }
  /** The placeholder of the n-th parameter, from 1. */
  placeholder(_n: number): string {
    return '?'
  }
  /** A placeholder with the type that it is used as, for databases that infer the wrong one. */
  typed(placeholder: string, _type: SimpleType | null): string {
    return placeholder
  }

  // ---- reading

  /**
   * A condition that stops a scan which was cancelled: the first of its where clause. `reads`: columns that a database must have read before it
   * can ask, so that it asks for each row of an inner loop; empty where there is one loop.
   */
  scanGuard(_reads: readonly string[]): string | null {
    return null
  }
  /** `limit` of a read: a slot, `'one'`, or null for all; `offset` a slot or null. Begins with a blank. */
  limit(out: StatementWriter, limit: Slot | 'one' | null, offset: Slot | null): string {
    let text = ''
    if (limit === 'one') text += ' limit 1'
    else if (limit !== null) text += ` limit ${out.add({ kind: 'slot', slot: limit })}`
    if (offset !== null) text += ` offset ${out.add({ kind: 'slot', slot: offset })}`
    return text
  }
  /** Whether a subquery that looks at the row outside may have a limit. */
  readonly oneByLimit: boolean = true
  /** One term of an order; `nulls` null: as the database does. */
  orderTerm(expression: string, descending: boolean, nulls: 'first' | 'last' | null): string {
    return `${expression}${descending ? ' desc' : ''}${nulls === null ? '' : ` nulls ${nulls}`}`
  }
  /** How a column is read when it is printed. */
  projected(expression: string, _column: Column | null): string {
    return expression
  }
  aggregate(name: AggregateFunction, of: string | null): string {
    return `${name.toLowerCase()}(${of ?? '*'})`
  }
  /** An aggregate that is compared with values of this type. */
  comparedAggregate(aggregate: string, _type: SimpleType): string {
    return aggregate
  }
  /** What stands behind a read whose rows are kept from other writers until the transaction ends. Begins with a blank, or is empty. */
  lock(): string {
    return ' for update'
  }
  /**
   * The conditions of a relation's statement besides the match of keys, the guard of scans first. `reads` are columns of the parents and of
   * the child.
   */
  relatedConditions(reads: readonly string[], conditions: readonly string[]): readonly string[] {
    const guard = this.scanGuard(reads)
    return guard === null ? conditions : [guard, ...conditions]
  }
  /** Whether the parents' parameter stands before the columns. */
  get parentsFirst(): boolean {
    return true
  }
  /** How the parents are joined to what is looked up for each of them. */
  get parentJoin(): string {
    return 'join'
  }
  /** Rows of the parent `p.o as o`, the columns, and their number `n` among those of their parent. */
  numbered(parts: NumberedParts): string {
    const columns = parts.columns()
    const number = `row_number() over (partition by p.o${parts.order()}) as n`
    return `select ${['p.o as o', ...columns, number].join(', ')} from ${parts.from()}${parts.rest()}`
  }
  /** The rows of the parents' parameter; `keys` are the columns which they are compared with, in order. */
  abstract parents(out: StatementWriter, keys: readonly Column[]): ParentsSource

  // ---- conditions

  /** `left in (list)`, the list bound as one parameter. `column` is the left side where it is one. */
  abstract member(out: StatementWriter, left: string, list: Slot, column: Column | null): string
  /** LIKE in its forms. The operand's own wildcards stay, % is added in SQL so that the value stays bound. */
  match(op: MatchOp, left: string, right: string): string {
    switch (op) {
      case 'like':
        return `${left} like ${right}`
      case 'ilike':
        return `lower(${left}) like lower(${right})`
      case 'contains':
        return `${left} like ${this.concat(["'%'", right, "'%'"])}`
      case 'starts':
        return `${left} like ${this.concat([right, "'%'"])}`
      case 'ends':
        return `${left} like ${this.concat(["'%'", right])}`
    }
  }
  /** The left side of LIKE as text. */
  matched(left: string, _type: SimpleType | null): string {
    return left
  }
  concat(parts: readonly string[]): string {
    return parts.join(' || ')
  }
  /** True when exactly one of two conditions is; unknown when one is. */
  xor(left: string, right: string): string {
    return `(${left}) <> (${right})`
  }

  // ---- expressions

  /** A function of data-plane 4.7; `types` are those of its arguments where they are columns. Arguments keep their order. */
  call(name: FunctionName, args: readonly string[], _types: readonly (SimpleType | null)[]): string {
    switch (name) {
      case 'now':
        return 'current_timestamp'
      case 'current_date':
      case 'current_time':
      case 'current_timestamp':
        return name
      case 'year':
      case 'month':
      case 'day':
      case 'hour':
      case 'minute':
      case 'second':
        return `extract(${name} from ${args.join(', ')})`
      default:
        return `${name}(${args.join(', ')})`
    }
  }
  arithmetic(op: ArithmeticOp, left: string, right: string): string {
    return `(${left} ${op} ${right})`
  }

  // ---- writing

  /** How a value is written to a column. */
  written(expression: string, _column: Column): string {
    return expression
  }
  /** Insert of a row that names no column. */
  insertDefaults(): string {
    return ' default values'
  }
  /** What makes an insert an update where the key is taken. `set` are the columns to overwrite, `key` is never empty. */
  onConflict(key: readonly Column[], set: readonly Column[]): string {
    const target = key.map((column) => this.identifier(column.name)).join(', ')
    const written = (set.length > 0 ? set : key).map((column) => {
      const name = this.identifier(column.name)
      return `${name} = excluded.${name}`
    })
    return ` on conflict (${target}) do update set ${written.join(', ')}`
  }
  /** Reads back what was written; `columns` is not empty. */
  returning(columns: string): string {
    return ` returning ${columns}`
  }

  // ---- structure

  /** The words for types that need no more than one. */
  protected abstract readonly words: TypeWords
  /** The database's type of a column, without nullability and default. Throws BadRequest for one that it has not. */
  columnType(column: ColumnDefinition): string {
    const { type, length, precision, scale, fixedLength } = column
    if (type === 'string') return `${fixedLength === true ? 'char' : 'varchar'}(${length ?? 255})`
    if (type === 'decimal') return precision === undefined ? 'decimal' : `decimal(${precision},${scale ?? 0})`
    const word = this.words[type]
    if (word === undefined)
      throw new BadRequest(`Field '${column.name}': the type '${type}' is not one of this database.`)
    return word
  }
  /** The whole definition of a column of a key type behind its name: the key by itself. */
  abstract keyType(type: KeyType): string
  /** Whether the database has a type of these words, lower case, without measures. */
  hasType(_word: string): boolean {
    return false
  }
  /** Whether the database has types that list their members, by the word: `enum`, `set`. */
  hasMembers(_word: string): boolean {
    return false
  }
  /** All that may stand behind the definition of a table, blanks made one. */
  readonly tableOptions: RegExp = /^$/
  /** Throws BadRequest where the database can't compute it. */
  defaultExpression(expression: DefaultExpression, column: ColumnDefinition): string {
    if (expression === 'uuid')
      throw new BadRequest(`Field '${column.name}': this database does not make a uuid as a default.`)
    return expression === 'now' ? 'current_timestamp' : expression
  }
  /** The statements that make an existing column another one. */
  alterColumn(plan: Extract<SchemaPlan, { kind: 'alter-column' }>): readonly string[] {
    const { column, parts } = plan
    const start = `alter table ${tableText(this, plan.table)} alter column ${columnName(this, column.name)}`
    const value = defaultValue(this, column)
    return [
      ...(parts.default ? [`${start} drop default`] : []),
      ...(parts.type ? [`${start} type ${typeText(this, column)}`] : []),
      ...(parts.allowNull ? [`${start} ${column.allowNull === true ? 'drop' : 'set'} not null`] : []),
      ...(parts.default && value !== null ? [`${start} set default ${value}`] : []),
    ]
  }
  dropColumn(plan: Extract<SchemaPlan, { kind: 'drop-column' }>): readonly string[] {
    return [`alter table ${tableText(this, plan.table)} drop column ${columnName(this, plan.column)}`]
  }
  /** What behind `alter table x` drops a unique constraint. */
  dropUnique(constraint: string): string {
    return `drop constraint ${this.identifier(constraint)}`
  }
  dropForeignKey(constraint: string): string {
    return `drop constraint ${this.identifier(constraint)}`
  }
  booleanLiteral(value: boolean): string {
    return value ? '1' : '0'
  }
  stringLiteral(value: string): string {
    return `'${value.replaceAll("'", "''")}'`
  }
  /** Before the name of an index that may be there; empty where the database knows no such words. */
  readonly ifNotExists: string = ' if not exists'
  /** Longest name of a constraint or index, in letters. */
  readonly nameLimit: number = 63
  /** Whether the database keeps the name whole. */
  fits(name: string): boolean {
    return Buffer.byteLength(name) <= this.nameLimit
  }
}
