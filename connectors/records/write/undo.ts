/**
 * How writes in another service are undone after they have committed there. The rows are put back as they were, without the caller's
 * policy: nothing of them is shown, and nothing is written but what was there before the request.
 */
import type { Bind } from 'dataferry/sdk'
import { castToColumn } from '../cast.ts'
import { type Column, nameOf, type Table } from '../catalog/types.ts'
import { keyIs } from '../plan/predicates.ts'
import { asRows, keyProjections, planRead, takeKey } from '../plan/read.ts'
import { WritePlanner } from '../plan/write.ts'
import type { WriteSession } from '../store.ts'
import { viewOfEverything } from '../view.ts'
import type { FieldValues } from './fields.ts'
import { runOne } from './run.ts'
import type { Undo } from './together.ts'

function named(table: Table, key: readonly Bind[]): string {
  if (key.length === 0 || key.includes(null)) return `a record of '${nameOf(table)}'`
  return `record ${key.length === 1 ? String(key[0]) : `(${key.map(String).join(',')})`} of '${nameOf(table)}'`
}

const plannerOf = (table: Table): WritePlanner => new WritePlanner(viewOfEverything(table), [])

/** A record that was made goes. */
export function undoInsert(table: Table, key: readonly Column[], values: readonly Bind[]): Undo {
  const what = named(table, values)
  // Without its whole key nothing tells it from others.
  if (key.length === 0 || values.includes(null)) return { what, run: null }
  return {
    what,
    run: async (session) => {
      await runOne(session, plannerOf(table).delete(key, values))
    },
  }
}

/** To be asked for before the update. A record that is not there has nothing to undo. */
export async function undoUpdate(
  session: WriteSession,
  table: Table,
  key: readonly Column[],
  values: readonly Bind[],
  columns: readonly Column[],
): Promise<Undo | null> {
  const changed = columns.filter((column) => !key.includes(column))
  const [before] = await stored(session, table, changed, key, values)
  if (before === undefined || changed.length === 0) return null
  return {
    what: named(table, values),
    run: async (later) => {
      await runOne(later, plannerOf(table).update(before, key, values))
    },
  }
}

/** To be asked for before the rows whose columns hold the values are deleted. */
export async function undoDelete(
  session: WriteSession,
  table: Table,
  columns: readonly Column[],
  values: readonly Bind[],
): Promise<readonly Undo[]> {
  const all = table.columns.filter((column) => !column.isVirtual && !column.isGenerated)
  return (await stored(session, table, all, columns, values)).map((before) => ({
    what: named(table, values),
    run: async (later) => {
      await runOne(later, plannerOf(table).insert(before))
    },
  }))
}

async function stored(
  session: WriteSession,
  table: Table,
  columns: readonly Column[],
  by: readonly Column[],
  values: readonly Bind[],
): Promise<readonly FieldValues[]> {
  if (columns.length === 0) return []
  const planned = planRead({
    view: viewOfEverything(table),
    columns: keyProjections(columns),
    where: (binds) => keyIs(by, values, binds),
    result: asRows,
  })
  return (await session.rows(planned)).map((row) => {
    const held = takeKey({ ...row }, columns)
    return new Map(
      columns.map((column, at) => [column, { kind: 'value', value: castToColumn(held[at] ?? null, column) }] as const),
    )
  })
}
