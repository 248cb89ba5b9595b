/** Makes the tables of a group, and brings their rows back to what they were. */
import assert from 'node:assert/strict'
import { NotImplemented, type Service } from 'dataferry/sdk'
import { type RecordStore, RecordStoreAbility } from '../store.ts'
import { answerOf, requestOf } from './house.ts'
import type { Lacking, Opened, SeedTable } from './types.ts'

const signal = new AbortController().signal

function storeOf(service: Service): RecordStore {
  const store = service.ability?.(RecordStoreAbility)
  assert.ok(store, 'The service offers its RecordStore as an ability.')
  return store
}

/** The capabilities that the service's store does not have, sorted. */
export function lacking(service: Service): readonly Lacking[] {
  const { can } = storeOf(service)
  const names: readonly Lacking[] = ['group', 'related', 'transactions', 'upsert', 'write']
  return names.filter((name) => !can[name])
}

/** Makes the tables and their rows: by the subject's own means, or by changes of structure and creates. */
export async function makeTables(opened: Opened, tables: readonly SeedTable[]): Promise<void> {
  if (opened.seed) return opened.seed(tables)
  const store = storeOf(opened.service)
  if (!store.can.write) throw new NotImplemented('A source that can not be written brings its tables by `seed`.')
  await store.write(async (session) => {
    for (const { plan } of tables) await session.change(plan)
  }, signal)
  await insert(opened, tables)
}

/** The table of this name, and those that refer to it in any number of steps, in the order of the list. */
export function withDependents(tables: readonly SeedTable[], name: string): readonly SeedTable[] {
  const found = new Set(tables.filter(({ plan }) => plan.name.toLowerCase() === name.toLowerCase()))
  for (let size = -1; size !== found.size; ) {
    size = found.size
    const names = new Set([...found].map(({ plan }) => plan.name))
    for (const table of tables) {
      const refers = table.plan.foreignKeys?.some(({ refTable }) => typeof refTable === 'string' && names.has(refTable))
      if (refers) found.add(table)
    }
  }
  return tables.filter((table) => found.has(table))
}

/** Empties the tables and fills them again. */
export async function fill(opened: Opened, tables: readonly SeedTable[]): Promise<void> {
  for (const { plan } of tables.toReversed()) {
    const { status, body } = await answerOf(
      opened.service,
      requestOf({ ask: `DELETE ${encodeURIComponent(plan.name)}?force=true` }),
    )
    assert.equal(status, 200, `emptying ${plan.name}: ${JSON.stringify(body)}`)
  }
  await insert(opened, tables)
}

async function insert({ service }: Opened, tables: readonly SeedTable[]): Promise<void> {
  for (const { plan, rows } of tables) {
    if (rows.length === 0) continue
    const { status, body } = await answerOf(
      service,
      requestOf({ ask: `POST ${encodeURIComponent(plan.name)}`, body: { resource: rows } }),
    )
    assert.equal(status, 201, `filling ${plan.name}: ${JSON.stringify(body)}`)
  }
}
