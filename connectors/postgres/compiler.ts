/**
 * PostgreSQL's SQL. Lists go in as one array (`= any`), parents' keys as an array for each key (`unnest`). Numbers are cast, because the
 * type that the server infers from the other side can be too narrow.
 */
import type {
  Column,
  ColumnDefinition,
  DefaultExpression,
  FunctionName,
  MatchOp,
  SchemaPlan,
  SimpleType,
  Slot,
} from 'dataferry/records'
import {
  asNamed,
  checkedName,
  type KeyType,
  type ParentsSource,
  references,
  SqlCompiler,
  type StatementWriter,
  type TypeWords,
  typeText,
} from 'dataferry/sql'
import { castOf } from './describe.ts'
import { nativeTypes } from './natives.ts'

const casts: { readonly [T in SimpleType]?: string } = {
  id: 'bigint',
  bigid: 'bigint',
  smallid: 'bigint',
  mediumid: 'bigint',
  integer: 'bigint',
  bigint: 'bigint',
  smallint: 'bigint',
  mediumint: 'bigint',
  tinyint: 'bigint',
  reference: 'bigint',
  user_id: 'bigint',
  user_id_on_create: 'bigint',
  user_id_on_update: 'bigint',
  decimal: 'numeric',
  text: 'text',
  timestamp: 'timestamp',
}
/** What arrays of keys are, where the column's own type must not be guessed from its spelling. */
const keyCasts: { readonly [T in SimpleType]?: string } = {
  ...casts,
  float: 'double precision',
  double: 'double precision',
  string: 'text',
  uuid: 'uuid',
  date: 'date',
  time: 'time',
  datetime: 'timestamp',
  timestamptz: 'timestamptz',
  datetimetz: 'timestamptz',
  boolean: 'boolean',
  binary: 'bytea',
}
const texts: ReadonlySet<SimpleType> = new Set(['string', 'text', 'mediumtext', 'longtext'])
const dateParts: ReadonlySet<FunctionName> = new Set(['year', 'month', 'day', 'hour', 'minute', 'second'])

/** data-plane 6.5. */
export const postgresWords: TypeWords = {
  ...asNamed('boolean', 'integer', 'bigint', 'smallint', 'text', 'json', 'jsonb', 'uuid', 'money', 'date', 'time'),
  ...asNamed('timetz', 'timestamp', 'timestamptz'),
  ...references('integer'),
  mediumint: 'integer',
  tinyint: 'smallint',
  mediumtext: 'text',
  longtext: 'text',
  array: 'text[]',
  object: 'jsonb',
  timeuuid: 'uuid',
  binary: 'bytea',
  float: 'real',
  double: 'double precision',
  datetime: 'timestamp',
  datetimetz: 'timestamptz',
  timestamp_on_create: 'timestamp',
  timestamp_on_update: 'timestamp',
}

export class PostgresCompiler extends SqlCompiler {
  protected override readonly words: TypeWords = postgresWords
  override readonly tableOptions =
    /^(?:with ?\( ?\w+(?:\.\w+)? ?= ?[\w.]+(?: ?, ?\w+(?:\.\w+)? ?= ?[\w.]+)* ?\))?(?: ?tablespace \w+)?$/i

  override placeholder(n: number): string {
    return `$${n}`
  }
  override typed(placeholder: string, type: SimpleType | null): string {
    const cast = type === null ? undefined : casts[type]
    return cast === undefined ? placeholder : `${placeholder}::${cast}`
  }

  /** The type of parents' keys that are compared with the column. */
  keyCast(column: Column): string {
    // Of the column's own type where that is known, so that indexes are used and paddings compared as the column does.
    return castOf(column) ?? keyCasts[column.type] ?? column.dbType
  }
  override parents(out: StatementWriter, keys: readonly Column[]): ParentsSource {
    const arrays = keys.map((column, i) => `${out.add({ kind: 'parents', member: i + 1 })}::${this.keyCast(column)}[]`)
    const ordinals = `${out.add({ kind: 'parents', member: 0 })}::integer[]`
    const names = keys.map((_, i) => `k${i + 1}`)
    return { with: '', from: `unnest(${[...arrays, ordinals].join(', ')}) as p (${[...names, 'o'].join(', ')})` }
  }

  override member(out: StatementWriter, left: string, list: Slot, column: Column | null): string {
    const placeholder = out.add({ kind: 'list', slot: list })
    const cast = column === null ? undefined : casts[column.type]
    return `${left} = any(${placeholder}${cast === undefined ? '' : `::${cast}[]`})`
  }

  override match(op: MatchOp, left: string, right: string): string {
    return op === 'ilike' ? `${left} ilike ${right}` : super.match(op, left, right)
  }
  override matched(left: string, type: SimpleType | null): string {
    return type === null || texts.has(type) ? left : `${left}::text`
  }

  override call(name: FunctionName, args: readonly string[], types: readonly (SimpleType | null)[]): string {
    const [first = '', ...rest] = args
    const type = types[0] ?? null
    if (dateParts.has(name) && type !== null && texts.has(type)) return `extract(${name} from ${first}::timestamp)`
    if (name === 'round' && rest.length > 0) return `round(${first}::numeric, ${rest.join(', ')}::integer)`
    return super.call(name, args, types)
  }

  override booleanLiteral(value: boolean): string {
    return value ? 'true' : 'false'
  }
  override keyType(type: KeyType): string {
    const serial = type === 'bigid' ? 'bigserial' : type === 'smallid' ? 'smallserial' : 'serial'
    return `${serial} not null primary key`
  }
  override defaultExpression(expression: DefaultExpression, column: ColumnDefinition): string {
    return expression === 'uuid' ? 'gen_random_uuid()' : super.defaultExpression(expression, column)
  }
  override hasType(word: string): boolean {
    return nativeTypes.has(word)
  }
  /** What no implicit cast converts is converted by an explicit one. */
  override alterColumn(plan: Extract<SchemaPlan, { kind: 'alter-column' }>): readonly string[] {
    const type = typeText(this, plan.column)
    return super
      .alterColumn(plan)
      .map((text) =>
        text.endsWith(` type ${type}`) ? `${text} using ${checkedName(this, plan.column.name)}::${type}` : text,
      )
  }
}
