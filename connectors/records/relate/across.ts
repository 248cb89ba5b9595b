/**
 * Relations that no single statement can match with their parents: to another service, or by keys of different kinds. The children are
 * read by the keys of all parents at once, and this is the one place where our code compares keys (architecture, "Records" 5).
 */
import { BadRequest, type Bind, type Json } from 'dataferry/sdk'
import { atPath } from '../catalog/open.ts'
import { type Column, nameOf } from '../catalog/types.ts'
import { parseOrder } from '../filter/index.ts'
import { withNeeds } from '../model.ts'
import { fieldsOf } from '../plan/fields.ts'
import { isOneOf } from '../plan/predicates.ts'
import { asRows, keyOrder, keyProjections, planRead, takeKey } from '../plan/read.ts'
import type { Row } from '../store.ts'
import { rowsOf } from '../values.ts'
import { realColumn, type TableView } from '../view.ts'
import { joinKey, keyAs, keyKind } from './kinds.ts'
import type { Across, Relating } from './read.ts'
import type { RelatedTables } from './tables.ts'

/** Some relation, here or further down, is read apart from its parents. */
export const readsAcross = (related: readonly Relating[]): boolean =>
  related.some((each) => each.across !== null || readsAcross(each.related))

type Made = { [name: string]: Json }

/** The rows with those relations that their own statement could not bring, in the relations' order. */
export async function withAcross(
  rows: readonly Row[],
  related: readonly Relating[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  if (rows.length === 0 || !readsAcross(related)) return rows
  const made: Made[] = rows.map((row) => ({ ...row }))
  for (const each of related) {
    const name = nameOf(each.relation)
    if (each.across !== null) {
      const children = await childrenOf(each, each.across, made, signal)
      made.forEach((row, at) => {
        row[name] = children[at] ?? null
      })
    } else await deepen(each, name, made, signal)
  }
  return made.map((row) => inOrder(row, related))
}

/** What children bring that came with their parents. */
async function deepen({ related }: Relating, name: string, rows: readonly Made[], signal: AbortSignal): Promise<void> {
  if (!readsAcross(related)) return
  const lists = rows.map((row) => childRows(row[name] ?? null))
  const all = await withAcross(lists.flat(), related, signal)
  let at = 0
  rows.forEach((row, index) => {
    const own = all.slice(at, at + (lists[index]?.length ?? 0))
    at += own.length
    if (own.length > 0) row[name] = Array.isArray(row[name]) ? own : (own[0] ?? null)
  })
}

const childRows = (value: Json): readonly Row[] =>
  Array.isArray(value) ? (value as Row[]) : value !== null && typeof value === 'object' ? [value as Row] : []

function inOrder(row: Made, related: readonly Relating[]): Row {
  const names = new Set(related.map(({ relation }) => nameOf(relation)))
  const ordered: Made = Object.fromEntries(Object.entries(row).filter(([name]) => !names.has(name)))
  for (const name of names) if (Object.hasOwn(row, name)) ordered[name] = row[name] ?? null
  return ordered
}

/** The children of each parent as answers show them (data-plane 5.3). */
async function childrenOf(
  each: Relating,
  across: Across,
  parents: readonly Row[],
  signal: AbortSignal,
): Promise<readonly Json[]> {
  const { relation, own, child, options } = each
  const refs = columnsOf(child, relation.refFields)
  const parentKeys = parents.map((row) => own.map((column) => heldBy(row, column)))
  const links = await linksOf(each, across, parentKeys, signal)
  const wanted = links === null ? parentKeys : links.flatMap((keys) => [...keys.values()])
  const found = await readChildren(each, across.child, links === null ? own : farOf(each), refs, wanted, signal)
  const kinds = numericPairs(links === null ? own : farOf(each), refs)
  const groups = new Map<string, (readonly [number, Row])[]>()
  found.forEach(({ key, row }, rank) => {
    const text = joinKey(key, kinds)
    const group = groups.get(text)
    if (group) group.push([rank, row])
    else groups.set(text, [[rank, row]])
  })
  const list = relation.type === 'has_many' || relation.type === 'many_many'
  const max = across.child.maxRecords
  const from = list ? options.offset : 0
  const most = list ? Math.min(options.limit ?? max, max) : 1
  return parentKeys.map((key, at) => {
    const keys = links === null ? [key] : [...(links[at]?.values() ?? [])]
    const met = keys.flatMap((one) => (one.includes(null) ? [] : (groups.get(joinKey(one, kinds)) ?? [])))
    if (keys.length > 1) met.sort(([a], [b]) => a - b)
    const rows = met.slice(from, from + most).map(([, row]) => row)
    if (list) return rows
    return rows[0] ?? (relation.type === 'belongs_to' ? null : [])
  })
}

const heldBy = (row: Row, column: Column): Json =>
  (column.open === true ? atPath(row, column.name) : row[nameOf(column)]) ?? null

/** The junction's far keys of each parent; null where there is no junction. */
async function linksOf(
  each: Relating,
  { junction: tables, child }: Across,
  parentKeys: readonly (readonly Json[])[],
  signal: AbortSignal,
): Promise<readonly ReadonlyMap<string, readonly Json[]>[] | null> {
  const { relation, junction, own } = each
  if (relation.junction === null || junction === null) return null
  const near = columnsOf(junction, relation.junction.fields)
  const far = farOf(each)
  const kinds = numericPairs(own, near)
  const links = new Map<string, Map<string, readonly Json[]>>()
  for (const keys of batches(own, near, parentKeys)) {
    const planned = planRead({
      view: junction,
      columns: keyProjections([...near, ...far]),
      where: (binds) => isOneOf(near, keys, binds),
      result: asRows,
    })
    for (const row of await rowsOf((tables ?? child).store.read(planned), signal)) {
      const values = takeKey({ ...row }, [...near, ...far])
      const to = values.slice(near.length)
      if (to.includes(null)) continue
      const text = joinKey(values.slice(0, near.length), kinds)
      const known = links.get(text) ?? new Map<string, readonly Json[]>()
      links.set(text, known.set(JSON.stringify(to.map(String)), to))
    }
  }
  return parentKeys.map((key) => (key.includes(null) ? new Map() : (links.get(joinKey(key, kinds)) ?? new Map())))
}

const farOf = ({ relation, junction }: Relating): readonly Column[] =>
  junction === null ? [] : columnsOf(junction, relation.junction?.refFields ?? [])

const columnsOf = (view: TableView, names: readonly string[]): readonly Column[] =>
  names.map((name) => realColumn(view.table, name)).filter((column) => column !== null)

interface Child {
  readonly key: readonly Json[]
  readonly row: Row
}

/** The children whose keys are wanted, in the relation's order. */
async function readChildren(
  each: Relating,
  tables: RelatedTables,
  from: readonly Column[],
  refs: readonly Column[],
  wanted: readonly (readonly Json[])[],
  signal: AbortSignal,
): Promise<readonly Child[]> {
  const { child, options, needs, filter, fields, params, related } = each
  const grouped = options.group !== null
  const shown = withNeeds(fieldsOf(child, options.fields, child.key, grouped), needs)
  const order = options.order === null ? keyOrder(grouped ? [] : child.key) : parseOrder(options.order)
  const found: Child[] = []
  for (const keys of batches(from, refs, wanted)) {
    const planned = planRead({
      view: child,
      columns: [...shown, ...keyProjections(refs)],
      filter,
      fields,
      params,
      where: (binds) => isOneOf(refs, keys, binds),
      // Children are grouped for each parent.
      group: grouped ? [options.group, ...refs.map((column) => JSON.stringify(nameOf(column)))].join(',') : null,
      order,
      related: grouped ? [] : related,
      maxRelated: tables.maxRecords,
      result: asRows,
    })
    const rows: Made[] = (await rowsOf(tables.store.read(planned), signal)).map((row) => ({ ...row }))
    const ends = rows.map((row) => takeKey(row, refs))
    const whole = await withAcross(rows, grouped ? [] : related, signal)
    whole.forEach((row, at) => {
      found.push({ key: ends[at] ?? [], row })
    })
  }
  return found
}

/** Most keys of one statement. */
const window = 1000

/** Distinct keys as the columns hold them; what can be no value of theirs meets nothing. */
function batches(
  from: readonly Column[],
  columns: readonly Column[],
  keys: readonly (readonly Json[])[],
): readonly (readonly Bind[])[][] {
  const distinct = new Map<string, readonly Bind[]>()
  for (const key of keys) {
    if (key.includes(null)) continue
    try {
      distinct.set(
        JSON.stringify(key.map(String)),
        columns.map((column, at) => keyAs(key[at] ?? null, from[at] ?? column, column)),
      )
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error
    }
  }
  const all = [...distinct.values()]
  const lots: (readonly Bind[])[][] = []
  for (let at = 0; at < all.length; at += window) lots.push(all.slice(at, at + window))
  return lots
}

/** For each pair of columns whether its values are numbers on one side at least. */
const numericPairs = (a: readonly Column[], b: readonly Column[]): readonly boolean[] =>
  a.map((column, at) => keyKind(column) === 'number' || keyKind(b[at] ?? column) === 'number')
