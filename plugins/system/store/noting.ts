/**
 * The store as everything above it has it: whoever writes, the transaction tells what it changed, so that no change can be forgotten.
 * Where several nodes share the store, transactions take turns as they do in SQLite: each holds one row from its beginning, so that what
 * was checked in it (is the name free, is the code unused) still holds when it commits.
 */
import {
  allFields,
  asRows,
  type Binds,
  equals,
  type Planned,
  planRead,
  type ReadPlan,
  type RecordStore,
  viewOfEverything,
} from 'dataferry/records'
import { Notices } from './notices.ts'
import { NotingSession } from './noting-session.ts'
import { SessionTables } from './record-tables.ts'

/** `committed` is called with the version of each transaction that told something, and waited for. */
export function noting(
  store: RecordStore,
  takesTurns: boolean,
  committed: (version: number) => Promise<void>,
): RecordStore {
  let turn: Promise<Planned<ReadPlan>> | null = null
  const noted: RecordStore = {
    can: store.can,
    catalog: store.catalog,
    read: (planned) => store.read(planned),
    async write(work, signal) {
      let version: number | null = null
      const result = await store.write(async (session) => {
        if (takesTurns) {
          turn ??= turnOf(store)
          await session.rows(await turn)
        }
        const notices = new Notices()
        const made = await work(new NotingSession(session, notices))
        version = await notices.write(new SessionTables(store, session))
        return made
      }, signal)
      if (version !== null) await committed(version)
      return result
    },
    close: () => store.close(),
  }
  return noted
}

/** The row that a transaction holds. */
async function turnOf(store: RecordStore): Promise<Planned<ReadPlan>> {
  const table = await store.catalog.table('counter')
  const view = table === null ? null : viewOfEverything(table)
  const name = view?.column('name') ?? null
  if (view === null || name === null) throw new Error("the system store has no table 'counter'")
  return planRead({
    view,
    columns: allFields(view),
    where: (binds: Binds) => equals(name, 'snapshot', binds),
    result: asRows,
    lock: true,
  })
}
