/** CockroachDB's SQL, where it is not PostgreSQL's: integers are 64-bit, some types and words are missing. */
import type { SchemaPlan } from 'dataferry/records'
import { NotImplemented } from 'dataferry/sdk'
import { type KeyType, references, type TypeWords, tableText } from 'dataferry/sql'
import { PostgresCompiler, postgresWords } from './compiler.ts'

/** Types of PostgreSQL that a field can't be declared with here. */
const missing: ReadonlySet<string> = new Set([
  'money',
  'xml',
  'cidr',
  'macaddr',
  'macaddr8',
  'point',
  'line',
  'lseg',
  'box',
  'path',
  'polygon',
  'circle',
  'int4range',
  'int8range',
  'numrange',
  'tsrange',
  'tstzrange',
  'daterange',
  'hstore',
])

export class CockroachCompiler extends PostgresCompiler {
  override readonly tableOptions = /^$/
  /** What refers to a key is as wide as one. */
  protected override readonly words: TypeWords = {
    ...postgresWords,
    ...references('bigint'),
    money: 'decimal(19,4)',
    json: 'jsonb',
  }

  /** Its serials are not counted up: they are unique numbers of 64 bits, whatever the word says. */
  override keyType(_type: KeyType): string {
    return 'bigserial not null primary key'
  }
  override hasType(word: string): boolean {
    return !missing.has(word) && super.hasType(word)
  }

  /** A unique constraint is its index, and an index that others depend on is dropped with them. */
  override compileSchema(plan: SchemaPlan): readonly string[] {
    if (plan.kind === 'drop-unique') {
      return plan.names.map((name) => `drop index ${tableText(this, plan.table)}@${this.identifier(name)} cascade`)
    }
    return super.compileSchema(plan)
  }

  /** The words that would convert what has no implicit cast can't stand in a transaction with other changes. */
  override alterColumn(plan: Extract<SchemaPlan, { kind: 'alter-column' }>): readonly string[] {
    if (plan.parts.type && plan.column.type !== plan.was.type && plan.column.native === undefined) {
      throw new NotImplemented(`CockroachDB can not make another type of field '${plan.column.name}' here.`)
    }
    return super.alterColumn(plan).map((text) => text.replace(/ using "(?:[^"]|"")*"::[a-z0-9(), ]+$/, ''))
  }
}
