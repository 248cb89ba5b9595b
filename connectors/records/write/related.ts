/**
 * Writes related records: what a record belongs to before it, its children behind it, and what those bring, to any depth (data-plane
 * 5.4, 5.5). Everything is in the sessions of the record, one a service; a throw undoes it with the record.
 */
import { ApiError, BadRequest, type Bind, InternalError } from 'dataferry/sdk'
import { type Column, nameOf } from '../catalog/types.ts'
import { keyAs } from '../relate/kinds.ts'
import type { TableView } from '../view.ts'
import { ChildRows } from './children.ts'
import { LinkedRows } from './links.ts'
import type { Nested, NestedElement, NestedWork } from './nested.ts'
import { columnsNamed, type Given, type NestedContext, needWritable, RelatedRows, type StoredRow } from './rows.ts'
import { bringsMore, insertNew, sentKey } from './sent.ts'

/** Writes the records that the record belongs to; what its own columns are to hold then. `view`: of the record. */
export async function writeParents(
  context: NestedContext,
  { parents }: Nested,
  view: TableView | null,
): Promise<Given> {
  const given = new Map<Column, Bind>()
  for (const work of parents) {
    const own = columnsNamed(work.parent, work.relation.fields)
    const values = await wrapped(work, async () => {
      if (view !== null) needWritable(view, own)
      const refs = columnsNamed(work.related.table, work.relation.refFields)
      return asOther(work, await writeParent(context, work), refs, own)
    })
    own.forEach((column, at) => {
      given.set(column, values[at] ?? null)
    })
  }
  return given
}

/** Writes the children of a record that is there. */
export async function writeChildren(context: NestedContext, { children }: Nested, record: StoredRow): Promise<void> {
  for (const work of children) {
    await wrapped(work, async () => {
      const held = await heldBy(work, record)
      const rows = new RelatedRows(work.related, context)
      const writer =
        work.junction === null
          ? new ChildRows(work, context, rows, held)
          : new LinkedRows(work, rows, new RelatedRows(work.junction, context), held)
      if (writer instanceof ChildRows && work.clears) await writer.clear()
      for (const [index, element] of work.elements.entries()) {
        const given = await writeParents(context, element.nested, null)
        const stored = await writer.write(element, given, index)
        if (stored !== null) await writeChildren(context, element.nested, stored)
      }
    })
  }
}

/** What the children's columns, or the junction's, hold of the record. */
async function heldBy(work: NestedWork, record: StoredRow): Promise<readonly Bind[]> {
  const { relation, parent, related, junction } = work
  const near =
    junction === null
      ? columnsNamed(related.table, relation.refFields)
      : columnsNamed(junction.table, relation.junction?.fields ?? [])
  return asOther(work, await parentValues(work, record), columnsNamed(parent, relation.fields), near)
}

/** Values of columns as those that they refer to, or are referred to by, hold them. */
const asOther = (
  { converts }: NestedWork,
  values: readonly Bind[],
  from: readonly Column[],
  to: readonly Column[],
): readonly Bind[] =>
  converts ? to.map((column, at) => keyAs(values[at] ?? null, from[at] ?? column, column)) : values

/** What children refer to the record by. */
async function parentValues({ relation, parent, rule }: NestedWork, record: StoredRow): Promise<readonly Bind[]> {
  const columns = columnsNamed(parent, relation.fields)
  const values = await record.binds(columns)
  const missing = columns.find((_, at) => (values[at] ?? null) === null)
  if (missing && rule === null) {
    const by = relation.type === 'has_many' ? 'referencing field ' : ''
    throw new BadRequest(`The ${nameOf(parent)} ${by}${nameOf(missing)} can not be empty.`)
  }
  return values
}

/** One record that another belongs to: created, updated, or only found (data-plane 5.4). What the other holds of it then. */
async function writeParent(context: NestedContext, work: NestedWork): Promise<readonly Bind[]> {
  const [element] = work.elements
  if (!element) throw new TypeError('There is nothing to belong to.')
  const rows = new RelatedRows(work.related, context)
  const given = await writeParents(context, element.nested, null)
  const key = sentKey(work, element, rows.key)
  const stored =
    key === null ? await insertNew(work, element, rows, given) : await writeKnown(work, element, rows, key, given)
  await writeChildren(context, element.nested, stored)
  return stored.binds(columnsNamed(work.related.table, work.relation.refFields))
}

async function writeKnown(
  work: NestedWork,
  element: NestedElement,
  rows: RelatedRows,
  key: readonly Bind[],
  given: Given,
): Promise<StoredRow> {
  if (!(await rows.exists(rows.key, key, 'GET'))) return rows.insert(element.record, given, 0)
  if (!bringsMore(work, element, rows.key) && given.size === 0) return rows.known(key)
  const updated = await rows.update(key, element.record, given, 0)
  if (updated === null) throw rows.missing(key)
  return updated
}

const prefixes = {
  belongs_to: 'Failed to update belongs-to assignment.',
  has_one: 'Failed to update many to one assignment.',
  has_many: 'Failed to update many to one assignment.',
  many_many: 'Failed to update many to one map assignment.',
} as const

/** A fault of a related record is told as one of the record, with its own words behind the contract's. */
async function wrapped<T>({ relation, rule }: NestedWork, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (rule !== null || !(error instanceof ApiError) || error.status === 503) throw error
    const message = `${prefixes[relation.type]}\n${error.message}`
    throw relation.type === 'many_many'
      ? new InternalError(message, { cause: error })
      : new BadRequest(message, { cause: error })
  }
}
