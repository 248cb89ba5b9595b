/**
 * Relations: one statement a relation and level (data-plane 5.3). The parents' keys go in with their ordinals (`p`), each child (`c`)
 * comes back with its parent's ordinal first, ordered by it and then as the relation asks, many_many through its junction (`j`).
 * The database matches the keys, so its collations and number formats decide, never ours.
 */
import type { Column, OrderTerm, RelatedRead, Table } from 'dataferry/records'
import type { RelatedProgram, Statement, WireColumn } from '../types.ts'
import type { ParentsSource, SqlCompiler } from './compiler.ts'
import { columnText, projectionText, wireColumn } from './expression.ts'
import { holdKey } from './keys.ts'
import { grouped } from './predicate.ts'
import { groupText, orderText } from './select.ts'
import { valueText } from './step.ts'
import { type Context, StatementWriter, whereClause } from './writer.ts'

const ordinal: WireColumn = { as: '', type: 'integer', dbType: '', hidden: true }

export function compileRelated(sql: SqlCompiler, related: RelatedRead): RelatedProgram {
  return {
    name: related.name,
    shape: related.shape,
    keys: related.on.map((pair) => pair.parent),
    rows: statementOf(sql, related, single(related) ? plainText : windowText),
    few:
      single(related) || related.skip !== null
        ? null
        : { rows: statementOf(sql, related, fewText), most: related.perParent },
    // The ordinal stands before the child's own columns.
    related: related.plan.related.map((read) => {
      const program = compileRelated(sql, read)
      return { ...program, keys: program.keys.map((key) => key + 1) }
    }),
  }
}

function statementOf(
  sql: SqlCompiler,
  related: RelatedRead,
  textOf: (out: StatementWriter, related: RelatedRead) => string,
): Statement {
  const out = new StatementWriter(sql)
  return out.statement(textOf(out, related), [ordinal, ...related.plan.columns.map(wireColumn)], false)
}

/** Whether a parent can't have two children, so that nothing needs to be counted. */
const single = ({ shape, via, on, plan }: RelatedRead): boolean =>
  shape !== 'list' &&
  via === null &&
  plan.group === null &&
  holdKey(
    plan.from,
    on.map((pair) => pair.child),
  )

/** Ends with the order of the parents. */
function plainText(out: StatementWriter, related: RelatedRead): string {
  const child: Context = { out, alias: 'c' }
  const parents = parentsOf(out, related)
  const columns = related.plan.columns.map((projection) => projectionText(child, projection))
  const from = source(related, parents().from, out)
  return `${parents().with}select ${['p.o', ...columns].join(', ')} from ${from}${whereClause(conditions(out, related))}${groupText(child, related.plan, ['p.o'])} order by p.o`
}

/** Numbering costs a third of such a statement, and is needed only where a parent may have more than its limit. */
function fewText(out: StatementWriter, related: RelatedRead): string {
  const child: Context = { out, alias: 'c' }
  const rows = plainText(out, related)
  const order = childOrder(child, related).replace(/^ order by /, ', ')
  return `${rows}${order}${out.sql.limit(out, related.perParent, null)}`
}

/**
 * Children are numbered for each parent. A lateral join with a limit would read fewer where a parent has very many and the key an index,
 * but without that index it reads the whole table once for each parent: measured on PostgreSQL, 27 times as long at a thousand parents,
 * and no gain worth it with one.
 */
function windowText(out: StatementWriter, related: RelatedRead): string {
  const child: Context = { out, alias: 'c' }
  const { sql } = out
  const parents = parentsOf(out, related)
  const rows = sql.numbered({
    columns: () => related.plan.columns.map((projection, i) => `${projectionText(child, projection)} as c${i}`),
    order: () => childOrder(child, related),
    from: () => source(related, parents().from, out),
    rest: () => whereClause(conditions(out, related)) + groupText(child, related.plan, ['p.o']),
  })
  const skipped = related.skip === null ? '' : `r.n > ${out.add({ kind: 'slot', slot: related.skip })} and `
  const limit = out.add({ kind: 'slot', slot: related.perParent })
  const names = related.plan.columns.map((_, i) => `r.c${i}`)
  return `${parents().with}select ${['r.o', ...names].join(', ')} from (${rows}) as r where ${skipped}r.n <= ${limit} order by r.o, r.n`
}

/** The parents, made once: their parameter has its place in the text. */
function parentsOf(out: StatementWriter, related: RelatedRead): () => ParentsSource {
  let made: ParentsSource | null = null
  const parents = (): ParentsSource => {
    made ??= out.sql.parents(out, parentKeys(related))
    return made
  }
  if (out.sql.parentsFirst) parents()
  return parents
}

/** The columns that the parents' keys are compared with. */
const parentKeys = ({ via, on }: RelatedRead): readonly Column[] =>
  via === null ? on.map((pair) => pair.child) : via.near

/** The parents joined to their children. */
function source(related: RelatedRead, parents: string, out: StatementWriter): string {
  return pairsOnce(related.via) ? `${parents}${joins(related, out)}` : linked(related, parents, out)
}

/** Whether the junction can't hold a pair twice. Any table with two references is one, so most that have data of their own can. */
const pairsOnce = (via: RelatedRead['via']): boolean =>
  via === null || holdKey(via.table, [...via.near, ...via.far.map((pair) => pair.junction)])

/** A pair that the junction holds more than once counts once: what is related is a set of records. */
function linked(related: RelatedRead, parents: string, out: StatementWriter): string {
  const { via, plan } = related
  if (via === null) return parents
  const junction: Context = { out, alias: 'j' }
  const near = via.near.map((column, i) => `${columnText(junction, column)} = p.k${i + 1}`)
  const far = via.far.map((pair, i) => `${columnText(junction, pair.junction)} as f${i + 1}`)
  const seen = whereClause(via.where === null ? [] : [grouped(junction, via.where)])
  const links = `select distinct ${['p.o as o', ...far].join(', ')} from ${parents} ${out.sql.parentJoin} ${out.sql.table(via.table)} as j on ${near.join(' and ')}${seen}`
  const met = via.far.map((pair, i) => `${columnText({ out, alias: 'c' }, pair.child)} = p.f${i + 1}`)
  return `(${links}) as p ${out.sql.parentJoin} ${out.sql.table(plan.from)} as c on ${met.join(' and ')}`
}

function joins(related: RelatedRead, out: StatementWriter): string {
  const { sql } = out
  const { via, plan } = related
  const alias = via === null ? 'c' : 'j'
  const near = parentKeys(related).map((column, i) => `${columnText({ out, alias }, column)} = p.k${i + 1}`)
  return ` ${sql.parentJoin} ${sql.table(via === null ? plan.from : via.table)} as ${alias} on ${near.join(' and ')}${farJoin(related, out)}`
}

function farJoin({ via, plan }: RelatedRead, out: StatementWriter): string {
  if (via === null) return ''
  const met = via.far.map(
    (pair) => `${columnText({ out, alias: 'c' }, pair.child)} = ${columnText({ out, alias: 'j' }, pair.junction)}`,
  )
  return ` join ${out.sql.table(plan.from)} as c on ${met.join(' and ')}`
}

/** What the caller may see of the junction and the child, guarded as scans are. */
function conditions(out: StatementWriter, { via, plan }: RelatedRead): readonly string[] {
  const child: Context = { out, alias: 'c' }
  const { columns, primaryKey } = plan.from
  // One that costs little to read.
  const read =
    columns.find((column) => column.name === primaryKey[0]) ?? columns.find((column) => column.type !== 'binary')
  const asked: string[] = []
  if (via !== null && via.where !== null && pairsOnce(via)) asked.push(grouped({ out, alias: 'j' }, via.where))
  if (plan.where !== null) asked.push(grouped(child, plan.where))
  return out.sql.relatedConditions(read === undefined ? ['p.o'] : ['p.o', columnText(child, read)], asked)
}

/**
 * The relation's order for a window, where positions can't be used; without one the child's key, since which children a limit keeps must
 * not be up to chance.
 */
function childOrder(child: Context, { plan }: RelatedRead): string {
  const text = (expr: OrderTerm['expr']): string => {
    if (expr.kind !== 'output') return valueText(child, expr)
    const projection = plan.columns[expr.index]
    if (projection === undefined) throw new RangeError('An order names an output that is not there.')
    return projectionText(child, projection)
  }
  return orderText(child.out.sql, plan.order.length > 0 || plan.group !== null ? plan.order : keyOrder(plan.from), text)
}

function keyOrder(table: Table): readonly OrderTerm[] {
  return table.primaryKey.flatMap((name): OrderTerm[] => {
    const column = table.columns.find((each) => each.name === name)
    return column === undefined ? [] : [{ expr: { kind: 'column', column }, descending: false, nulls: null }]
  })
}
