/**
 * Flat batches: many new records of one table that bring the same fields, plain values all of them, and nothing else. They are prepared
 * column by column, without an object for each, and go to the source as one insert (data-plane 3.6, 3.9). Whatever is not so plain, or
 * fails, is left to the ordinary way, which does it record by record and words what is wrong: nothing is left behind here then.
 */
import type { Bind, Json } from 'dataferry/sdk'
import { caster } from '../cast.ts'
import { type Column, integerTypes, nameOf } from '../catalog/types.ts'
import { isMembers, type Members } from '../payload.ts'
import type { Projection } from '../plan/types.ts'
import { WritePlanner } from '../plan/write.ts'
import type { Columns, Row } from '../store.ts'
import type { TableView } from '../view.ts'
import { insertCheck } from './check.ts'
import { despiteConflicts } from './conflict.ts'
import {
  automaticValue,
  columnsOf,
  type FieldValue,
  type FieldValues,
  isAutomatic,
  isPlainValue,
  isRelation,
  neededKey,
} from './fields.ts'
import { keyFields, keyIn, shownBy, splitRow, type Writing } from './writing.ts'

/** How long records are prepared in one go, and for how many the clock is looked at once. */
const sliceMs = 5
const lookEvery = 64

/** A column of the batch, and what it is taken from. */
interface Source {
  readonly column: Column
  /** The member of the records; null: the column is the same in all of them. */
  readonly member: string | null
  readonly allowNull: boolean
  readonly cast: (value: Json) => Bind
  readonly values: Bind[]
}

/** What answers show of the new records, in order; null: nothing was done, and the ordinary way is to be gone. */
export async function createFlat(
  writing: Writing,
  returning: readonly Projection[],
  records: readonly Json[],
  signal: AbortSignal,
): Promise<readonly Row[] | null> {
  const { target, model, key, shows, returns, related, presenting } = writing
  const { store, view } = target
  const [first] = records
  if (writing.mode === 'rollback' && !store.can.transactions) return null
  if (!store.writeMany || records.length < 2 || model !== null || key.length === 0 || !isMembers(first)) return null
  if (shows && (!returns || related.length > 0 || presenting !== null)) return null
  const members = Object.keys(first)
  const sources = sourcesOf(view, members, writing.userId)
  if (sources === null || !(await fill(sources, view, members, records, signal))) return null
  // Numbers are shown as they come.
  const asShown = !shows && key.every(({ type }) => integerTypes.has(type))
  const planned = new WritePlanner(view, asShown ? keyFields(key) : returning).insert(firstValues(sources))
  if (!planned.plan.set.every(({ expr }, at) => expr.kind === 'value' && expr.value === at)) return null
  const columns: Columns = sources.map(({ values }) => values)
  const rows = await despiteConflicts(async () => (await store.writeMany?.(planned, columns, signal)) ?? null, signal)
  if (rows === null || asShown) return rows
  const shown: Row[] = []
  await inTurns(rows.length, signal, (index) => {
    const row = rows[index] as Row
    shown.push(shows ? splitRow(row, key).row : shownBy(key, keyIn(row, key)))
    return true
  })
  return shown
}

/** Does something for each index, and lets others have their turn in between; false: it was false for one. Throws the signal's reason. */
async function inTurns(count: number, signal: AbortSignal, work: (index: number) => boolean): Promise<boolean> {
  let since = performance.now()
  for (let index = 0; index < count; index++) {
    if (!work(index)) return false
    if (index % lookEvery !== lookEvery - 1 || performance.now() - since < sliceMs) continue
    await new Promise((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
    since = performance.now()
  }
  return true
}

/** Where the columns of such records come from; null: they are not flat. */
function sourcesOf(view: TableView, members: readonly string[], userId: number | null): readonly Source[] | null {
  if (view.table.open === true) return null
  const brought = new Set(members)
  if (members.some((name) => name !== name.toLowerCase() || isRelation(view, name))) return null
  if (neededKey(view).some((column) => !brought.has(nameOf(column).toLowerCase()))) return null
  const sources: Source[] = []
  for (const { column, name, isPlain, isOptional } of columnsOf(view)) {
    if (isAutomatic(column)) {
      const automatic = automaticValue(column, { kind: 'insert', userId })
      if (automatic?.kind === 'expr') return null
      if (automatic !== null)
        sources.push({ column, member: null, allowNull: true, cast: () => automatic.value, values: [] })
      continue
    }
    if (!brought.has(name)) {
      if (!isOptional) return null
      continue
    }
    if (!isPlain) return null
    const allowNull = column.allowNull && !column.autoIncrement
    sources.push({ column, member: name, allowNull, cast: caster(column), values: [] })
  }
  return sources.some(({ member }) => member !== null) ? sources : null
}

/** Takes the values of all records; false: one of them is not flat, or not within the row filter. */
function fill(
  sources: readonly Source[],
  view: TableView,
  members: readonly string[],
  records: readonly Json[],
  signal: AbortSignal,
): Promise<boolean> {
  const check = insertCheck(view)
  const byColumn = new Map(sources.map(({ column, values }) => [column, values]))
  return inTurns(records.length, signal, (index) => {
    const record = records[index]
    if (!isMembers(record) || !bringsJust(members, record) || !take(sources, record)) return false
    return check === null || check((column) => byColumn.get(column)?.[index])
  })
}

/** These members in this order and no others. */
function bringsJust(members: readonly string[], record: Members): boolean {
  if (Object.getPrototypeOf(record) !== null) return false
  let at = 0
  for (const name in record) if (name !== members[at++]) return false
  return at === members.length
}

function take(sources: readonly Source[], record: Members): boolean {
  for (const { member, allowNull, cast, values } of sources) {
    const raw = member === null ? '' : record[member]
    if (raw === null) {
      if (!allowNull) return false
      values.push(null)
      continue
    }
    if (member !== null && !isPlainValue(raw)) return false
    try {
      values.push(cast(raw as Json))
    } catch {
      return false
    }
  }
  return true
}

function firstValues(sources: readonly Source[]): FieldValues {
  const values = new Map<Column, FieldValue>()
  for (const { column, values: all } of sources) values.set(column, { kind: 'value', value: all[0] ?? null })
  return values
}
