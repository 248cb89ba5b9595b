/**
 * SQLite's SQL. Lists and parents' keys go in as one JSON text (json_each keeps 64-bit integers exact; binary values travel as
 * hexadecimal text), LIKE knows no case among ASCII letters and a backslash only where it is told, and scans carry `alive()` so that one
 * that was cancelled stops.
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
import {
  asNamed,
  type KeyType,
  type ParentsSource,
  references,
  SqlCompiler,
  type StatementWriter,
  type TypeWords,
} from 'dataferry/sql'
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

/** data-plane 6.5. */
const words: TypeWords = {
  ...asNamed('integer', 'bigint', 'smallint', 'mediumint', 'tinyint', 'float', 'double', 'text', 'mediumtext'),
  ...asNamed('longtext', 'json', 'jsonb', 'uuid', 'date', 'time', 'timetz', 'datetime', 'datetimetz'),
  ...asNamed('timestamp', 'timestamptz'),
  ...references('integer'),
  array: 'json',
  object: 'json',
  timeuuid: 'uuid',
  boolean: 'tinyint(1)',
  binary: 'blob',
  money: 'decimal(19,4)',
  timestamp_on_create: 'timestamp',
  timestamp_on_update: 'timestamp',
}

export class SqliteCompiler extends SqlCompiler {
  protected override readonly words = words
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

  override columnType(column: ColumnDefinition): string {
    const { type, length, fixedLength, supportsMultibyte } = column
    const national = type === 'string' && supportsMultibyte === true && fixedLength !== true
    return national ? `nvarchar(${length ?? 255})` : super.columnType(column)
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
