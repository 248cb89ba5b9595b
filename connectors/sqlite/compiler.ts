/**
 * SQLite's SQL. Lists and parents' keys go in as one JSON text (json_each keeps 64-bit integers exact; binary values travel as
 * hexadecimal text), LIKE knows no case among ASCII letters and a backslash only where it is told, and scans carry `alive()` so that one that was cancelled stops.
 */
import type {
  Column,
  ColumnDefinition,
  DefaultExpression,
  FunctionName,
  MatchOp,
  SimpleType,
  Slot,
} from 'dataferry/records'
import { BadRequest } from 'dataferry/sdk'
import { type KeyType, type ParentsSource, SqlCompiler, type StatementWriter } from 'dataferry/sql'
import { isTypeWord } from './declared.ts'

const dateParts: { readonly [N in FunctionName]?: string } = {
  year: '%Y',
  month: '%m',
  day: '%d',
  hour: '%H',
  minute: '%M',
  second: '%S',
}

/** Of a function: SQLite's own limit is 127. */
const mostArguments = 100

export class SqliteCompiler extends SqlCompiler {
  override scanGuard(reads: readonly string[]): string | null {
    return `alive(${reads.slice(0, mostArguments).join(', ')})`
  }

  /** An offset needs a limit before it. */
  override limit(out: StatementWriter, limit: Slot | 'one' | null, offset: Slot | null): string {
    const first = limit === null && offset !== null ? ' limit -1' : ''
    return first + super.limit(out, limit, offset)
  }

  /**
   * One condition on both sides of the join. One on the child alone is believed to leave few of its rows, so that they are read first and
   * every parent is looked at for each of them, which takes a hundred times as long where there are many.
   */
  override relatedConditions(reads: readonly string[], conditions: readonly string[]): readonly string[] {
    const guard = `alive(${reads.join(', ')})`
    return [conditions.length === 0 ? guard : `case when ${guard} then ${conditions.join(' and ')} end`]
  }

  /**
   * A materialized list: joined to json_each directly, a table without an index on the key is read once for every parent; joined to
   * this, it gets an automatic index.
   */
  override parents(out: StatementWriter, keys: readonly Column[]): ParentsSource {
    const names = keys.map((_, i) => `k${i + 1}`)
    const members = keys.map((column, i) => element(`value ->> ${i + 1}`, column))
    const rows = `select ${['value ->> 0', ...members].join(', ')} from json_each(${out.add({ kind: 'parents', member: null })})`
    return { with: `with p (${['o', ...names].join(', ')}) as materialized (${rows}) `, from: 'p' }
  }

  override member(out: StatementWriter, left: string, list: Slot, column: Column | null): string {
    return `${left} in (select ${element('value', column)} from json_each(${out.add({ kind: 'list', slot: list })}))`
  }

  /** A text of digits is a number beside a column, and beside an expression only where that is cast. */
  override comparedAggregate(aggregate: string, type: SimpleType): string {
    return numeric.has(type) ? `cast(${aggregate} as numeric)` : aggregate
  }

  /** Who writes is alone anyway. */
  override lock(): string {
    return ''
  }

  override match(op: MatchOp, left: string, right: string): string {
    return `${super.match(op === 'ilike' ? 'like' : op, left, right)} escape '\\'`
  }

  override call(name: FunctionName, args: readonly string[], types: readonly (SimpleType | null)[]): string {
    const format = dateParts[name]
    if (format !== undefined) return `cast(strftime('${format}', ${args.join(', ')}) as integer)`
    return super.call(name, args, types)
  }

  override keyType(_type: KeyType): string {
    return 'integer not null primary key autoincrement'
  }
  /** SQLite takes any word; these are those that it is known what they mean. */
  override hasType(word: string): boolean {
    return isTypeWord(word)
  }
  override readonly tableOptions = /^(?:without rowid|strict)(?: ?, ?(?:without rowid|strict))?$/i
  /** A random uuid of version 4. */
  override defaultExpression(expression: DefaultExpression, column: ColumnDefinition): string {
    return expression === 'uuid' ? randomUuid : super.defaultExpression(expression, column)
  }
  /** There is no limit but that of clients. */
  override fits(name: string): boolean {
    return [...name].length <= 255
  }

  /** data-plane 6.5. */
  override columnType(column: ColumnDefinition): string {
    const { type, length, precision, scale, fixedLength, supportsMultibyte } = column
    switch (type) {
      case 'reference':
      case 'user_id':
      case 'user_id_on_create':
      case 'user_id_on_update':
        return 'integer'
      case 'string':
        return `${fixedLength === true ? 'char' : supportsMultibyte === true ? 'nvarchar' : 'varchar'}(${length ?? 255})`
      case 'array':
      case 'object':
        return 'json'
      case 'timeuuid':
        return 'uuid'
      case 'boolean':
        return 'tinyint(1)'
      case 'binary':
        return 'blob'
      case 'money':
        return 'decimal(19,4)'
      case 'decimal':
        return precision === undefined ? 'decimal' : `decimal(${precision},${scale ?? 0})`
      case 'timestamp_on_create':
      case 'timestamp_on_update':
        return 'timestamp'
      case 'integer':
      case 'bigint':
      case 'smallint':
      case 'mediumint':
      case 'tinyint':
      case 'float':
      case 'double':
      case 'text':
      case 'mediumtext':
      case 'longtext':
      case 'json':
      case 'jsonb':
      case 'uuid':
      case 'date':
      case 'time':
      case 'timetz':
      case 'datetime':
      case 'datetimetz':
      case 'timestamp':
      case 'timestamptz':
        return type
      default:
        throw new BadRequest(`Field '${column.name}': the type '${type}' is not one of this database.`)
    }
  }
}

const hex = (bytes: number, from = 1): string => `substr(hex(randomblob(${bytes})), ${from})`
const randomUuid = `(lower(${[hex(4), "'-'", hex(2), "'-4'", hex(2, 2), "'-'", "substr('89AB', 1 + (random() & 3), 1)", hex(2, 2), "'-'", hex(6)].join(' || ')}))`

const numeric: ReadonlySet<SimpleType> = new Set<SimpleType>([
  'integer',
  'bigint',
  'decimal',
  'double',
  'float',
  'money',
])

/** A JSON element as the value that it stands for. */
const element = (text: string, column: Column | null): string => (column?.type === 'binary' ? `unhex(${text})` : text)
