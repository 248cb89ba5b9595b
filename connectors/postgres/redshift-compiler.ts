/**
 * Amazon Redshift's SQL. Arrays are unknown to its compute nodes, so lists and parents' keys go in as one JSON text, which is read as a
 * SUPER value. Numerics and texts without measures would be cut, so casts have the widest. Constraints are kept and not enforced; there are
 * no indexes, and of a column that is there little can be changed.
 */
import type {
  Column,
  ColumnDefinition,
  DefaultExpression,
  FunctionName,
  SchemaPlan,
  SimpleType,
  Slot,
} from 'dataferry/records'
import { BadRequest, NotImplemented } from 'dataferry/sdk'
import {
  checkedName,
  type KeyType,
  type ParentsSource,
  type StatementWriter,
  type TypeWords,
  tableText,
  typeText,
} from 'dataferry/sql'
import { PostgresCompiler, postgresWords } from './compiler.ts'

const widestText = 'varchar(65535)'
const widestNumber = 'numeric(38,10)'

const nativeTypes: ReadonlySet<string> = new Set([
  'smallint',
  'int2',
  'integer',
  'int',
  'int4',
  'bigint',
  'int8',
  'decimal',
  'numeric',
  'real',
  'float4',
  'float',
  'float8',
  'double precision',
  'boolean',
  'bool',
  'char',
  'character',
  'nchar',
  'bpchar',
  'varchar',
  'character varying',
  'nvarchar',
  'text',
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'timestamp with time zone',
  'timestamp without time zone',
  'geometry',
  'geography',
  'hllsketch',
  'super',
  'varbyte',
])

export class RedshiftCompiler extends PostgresCompiler {
  override readonly nameLimit = 127
  override readonly oneByLimit = false
  protected override readonly words: TypeWords = {
    ...postgresWords,
    text: widestText,
    mediumtext: widestText,
    longtext: widestText,
    array: 'super',
    object: 'super',
    json: 'super',
    jsonb: 'super',
    uuid: 'char(36)',
    timeuuid: 'char(36)',
    money: 'decimal(19,4)',
  }
  override readonly tableOptions =
    /^(?:(?:diststyle (?:even|key|all|auto)|distkey ?\( ?\w+ ?\)|(?:compound |interleaved )?sortkey ?\( ?\w+(?: ?, ?\w+)* ?\)|sortkey auto|backup (?:yes|no)) ?)*$/i

  override typed(placeholder: string, type: SimpleType | null): string {
    if (type === 'decimal') return `${placeholder}::${widestNumber}`
    return type === 'text' ? `${placeholder}::${widestText}` : super.typed(placeholder, type)
  }

  override keyCast(column: Column): string {
    const cast = super.keyCast(column)
    if (/^(?:text|character varying|varchar|bpchar|character|char)\b/.test(cast)) return widestText
    return cast === 'numeric' ? widestNumber : cast
  }
  override parents(out: StatementWriter, keys: readonly Column[]): ParentsSource {
    const members = keys.map((column, i) => `${this.#element(`e[${i + 1}]`, column)} as k${i + 1}`)
    const json = `(select json_parse(${this.#json(out.add({ kind: 'parents', member: null, json: true }))}) as d) as s, s.d as e`
    return { with: '', from: `(select ${['e[0]::integer as o', ...members].join(', ')} from ${json}) as p` }
  }
  override member(out: StatementWriter, left: string, list: Slot, column: Column | null): string {
    const json = this.#json(out.add({ kind: 'list', slot: list, json: true }))
    return `${left} in (select ${this.#element('e', column)} from (select json_parse(${json}) as d) as s, s.d as e)`
  }
  #json(placeholder: string): string {
    return `${placeholder}::${widestText}`
  }
  /** A member of a SUPER value; bytes travel as hexadecimal text. */
  #element(member: string, column: Column | null): string {
    if (column === null) return `${member}::${widestText}`
    if (column.type === 'binary') return `from_hex(${member}::${widestText})`
    const cast = this.keyCast(column)
    return cast === widestText || /^(?:bigint|integer|smallint|double precision|real|boolean)$/.test(cast)
      ? `${member}::${cast}`
      : `${member}::${widestText}::${cast}`
  }

  /** Rows are not locked: a transaction that meets another's change fails by itself. */
  override lock(): string {
    return ''
  }
  override returning(_columns: string): string {
    return ''
  }
  override onConflict(): string {
    throw new NotImplemented('Amazon Redshift can not update what is there in place of an insert.')
  }

  override matched(left: string, type: SimpleType | null): string {
    return super.matched(left, type).replace(/::text$/, `::${widestText}`)
  }
  /** The functions for the present moment that its compute nodes know. */
  override call(name: FunctionName, args: readonly string[], types: readonly (SimpleType | null)[]): string {
    if (name === 'now' || name === 'current_timestamp') return 'sysdate'
    if (name === 'current_time') return 'sysdate::time'
    if (name === 'current_date') return 'sysdate::date'
    return super.call(name, args, types).replaceAll('::numeric,', `::${widestNumber},`)
  }

  override keyType(type: KeyType): string {
    const word = type === 'bigid' ? 'bigint' : type === 'smallid' ? 'smallint' : 'integer'
    return `${word} identity(1,1) not null primary key`
  }
  override hasType(word: string): boolean {
    return nativeTypes.has(word)
  }
  override columnType(column: ColumnDefinition): string {
    return column.type === 'binary' ? `varbyte(${column.length ?? 65_535})` : super.columnType(column)
  }
  override defaultExpression(expression: DefaultExpression, column: ColumnDefinition): string {
    if (expression === 'uuid')
      throw new BadRequest(`Field '${column.name}': this database does not make a uuid as a default.`)
    return expression === 'now' ? 'sysdate' : `sysdate::${expression === 'current_date' ? 'date' : 'time'}`
  }

  override compileSchema(plan: SchemaPlan): readonly string[] {
    if (plan.kind === 'create-index') throw noIndexes()
    if (plan.kind === 'drop-index') return []
    if (plan.kind === 'create-table') {
      if ((plan.indexes ?? []).length > 0) throw noIndexes()
      for (const key of plan.foreignKeys ?? []) refuseRules(key)
    }
    if (plan.kind === 'add-foreign-key') refuseRules(plan.foreignKey)
    return super.compileSchema(plan)
  }
  /** Only a text can be made longer. */
  override alterColumn({ table, column, parts }: Extract<SchemaPlan, { kind: 'alter-column' }>): readonly string[] {
    const type = typeText(this, column)
    if (parts.allowNull || parts.default || !/^(?:varchar|character varying)\b/.test(type)) {
      throw new NotImplemented(
        `Amazon Redshift can only change the length of a text, not this of field '${column.name}'.`,
      )
    }
    return [`alter table ${tableText(this, table)} alter column ${checkedName(this, column.name)} type ${type}`]
  }
}

const noIndexes = (): NotImplemented => new NotImplemented('Amazon Redshift has no indexes.')

function refuseRules({
  onDelete = 'NO ACTION',
  onUpdate = 'NO ACTION',
}: {
  onDelete?: string
  onUpdate?: string
}): void {
  if (onDelete !== 'NO ACTION' || onUpdate !== 'NO ACTION')
    throw new NotImplemented('Amazon Redshift does not enforce references, and knows no rules for them.')
}
