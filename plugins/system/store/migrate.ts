/** Brings the system store to the version that this program knows: each step once, in order, each in a transaction of its own. */

import type { RecordStore, SchemaPlan } from 'dataferry/records'
import type { Log } from 'dataferry/sdk'
import { type Migration, migrations, migrationTable, type SeedRows } from './migrations.ts'
import { SessionTables } from './record-tables.ts'
import type { Transaction } from './tables.ts'
import { stampOf } from './time.ts'

/** Runs under the lock of the data folder. Throws when the store is of a newer version than this program. */
export async function migrate(
  store: RecordStore,
  log: Log,
  signal: AbortSignal,
  steps: readonly Migration[] = migrations,
): Promise<void> {
  if ((await store.catalog.table('migration')) === null) {
    await store.write((session) => session.change(migrationTable), signal)
  }
  const done = new Set(
    await store.write(
      async (session) => (await new SessionTables(store, session).rows('migration')).map((row) => Number(row.version)),
      signal,
    ),
  )
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
  for (const { table, rows } of tables) for (const row of rows) await tx.insert(table, row)
}
