/** Brings the system store to the version that this program knows: each step once, in order, each in a transaction of its own. */

import type { RecordStore, SchemaPlan } from 'dataferry/records'
import type { Log } from 'dataferry/sdk'
import { type Migration, migrations, migrationTable, type SeedRows } from './migrations.ts'
import { SessionTables } from './record-tables.ts'
import type { Transaction } from './tables.ts'
import { stampOf } from './time.ts'

/** A database without a record of our steps that has one of these is another program's. */
const ownTables: ReadonlySet<string> = new Set(['service', 'role', 'app', 'user'])

/**
 * Throws when the store is of a newer version than this program, and when the database is another program's. Where processes share the
 * store one of them runs the steps; the others wait for it, and find them done.
 */
export async function migrate(
  store: RecordStore,
  log: Log,
  signal: AbortSignal,
  steps: readonly Migration[] = migrations,
): Promise<void> {
  if (store.exclusively === undefined) return migrateAlone(store, log, signal, steps)
  const waits = (): void => log.info('another node is bringing the system store to a new version: waiting for it')
  await store.exclusively('migrate', () => migrateAlone(store, log, signal, steps), signal, waits)
}

/** Throws one plain line when the store is not of the version that this program knows: a worker brings nothing up to it. */
export async function upToDate(store: RecordStore, signal: AbortSignal): Promise<void> {
  const done = await stepsDone(store, signal)
  if (migrations.every(({ version }) => done.has(version)) && done.size === migrations.length) return
  throw new Error(
    'The system store is of another version than this program: stop the server and start it anew, which SIGHUP does not do.',
  )
}

async function stepsDone(store: RecordStore, signal: AbortSignal): Promise<ReadonlySet<number>> {
  return new Set(
    await store.write(
      async (session) => (await new SessionTables(store, session).rows('migration')).map((row) => Number(row.version)),
      signal,
    ),
  )
}

async function migrateAlone(
  store: RecordStore,
  log: Log,
  signal: AbortSignal,
  steps: readonly Migration[],
): Promise<void> {
  // Another process may have made it meanwhile.
  if ((await store.catalog.table('migration')) === null) store.catalog.refresh()
  if ((await store.catalog.table('migration')) === null) {
    const foreign = (await store.catalog.list()).map((table) => table.name)
    if (foreign.some((name) => ownTables.has(name)))
      throw new Error(
        'The database of the system store holds tables of another program. Give it one of its own with DF_SYSTEM_DB.',
      )
    await store.write((session) => session.change(migrationTable), signal)
  }
  const done = await stepsDone(store, signal)
  const newest = Math.max(0, ...steps.map((step) => step.version))
  const ahead = [...done].find((version) => version > newest)
  if (ahead !== undefined) {
    throw new Error(
      `The system store is of version ${ahead}, this program knows ${newest}: start a newer version of Dataferry.`,
    )
  }
  for (const step of steps) {
    if (done.has(step.version)) continue
    await store.write(async (session) => {
      const tx = new SessionTables(store, session)
      if ('changes' in step) await change(session, step.changes)
      else await fill(tx, step.rows())
      await tx.insert('migration', { version: step.version, name: step.name, applied_date: stampOf(new Date()) })
    }, signal)
    log.info('the system store was brought to a new version', { version: step.version, step: step.name })
  }
}

async function change(
  session: { change(plan: SchemaPlan): Promise<void> },
  plans: readonly SchemaPlan[],
): Promise<void> {
  for (const plan of plans) await session.change(plan)
}

async function fill(tx: Transaction, tables: readonly SeedRows[]): Promise<void> {
  for (const { table, rows } of tables) for (const row of rows) await insert(tx, table, row)
}

/**
 * With the id that the row must have, which the database makes itself where it can: one that is given moves no sequence, and the next
 * row would be made with an id that is taken.
 */
async function insert(tx: Transaction, table: string, row: SeedRows['rows'][number]): Promise<void> {
  const { id, ...rest } = row
  if (typeof id !== 'number') {
    await tx.insert(table, row)
    return
  }
  for (;;) {
    const made = await tx.insert(table, rest)
    if (made === id) return
    await tx.remove(table, { id: made })
    if (made > id) break
  }
  await tx.insert(table, row)
}
