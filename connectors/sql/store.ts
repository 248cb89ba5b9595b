/** A SQL connector as a RecordStore: plans become cached programs, programs run on the connector's runner. */

import type {
  Columns,
  Planned,
  ReadPlan,
  RecordStore,
  Row,
  SchemaPlan,
  WriteOutcome,
  WritePlan,
  WriteSession,
} from 'dataferry/records'
import { type Bind, type ConfigValues, type ServiceHost, ServiceUnavailable } from 'dataferry/sdk'
import { statementsOf } from './explain.ts'
import { PooledLists, poolingOf } from './pooled.ts'
import { Programs } from './programs.ts'
import { RoutineCatalog } from './routines.ts'
import { programSource } from './source.ts'
import type { Dialect, ProgramRunner, SqlConnector, SqlSession, WriteProgram } from './types.ts'

/** No I/O: the first use connects. */
export function sqlStore(connector: SqlConnector, config: ConfigValues, host: ServiceHost): RecordStore {
  const { dialect } = connector
  const pooling = poolingOf(connector, config, host)
  const runner = connector.createRunner(pooling?.loopConfig ?? config, host)
  const pooled = pooling === null ? null : new PooledLists(pooling, runner, host)
  const { writeOne, writeMany } = runner
  const catalog = connector.createCatalog(runner, config, host)
  const programs = new Programs(dialect, catalog)
  const wrapperName = host.settings.api.wrapper
  const routines = connector.createRoutines?.(runner, config, host)
  return {
    can: dialect.can,
    catalog,
    routines: routines && new RoutineCatalog(routines),
    read: (planned) => programSource(pooled ?? runner, programs.read(planned), planned.binds, wrapperName),
    explain: (planned) => statementsOf(programs.read(planned)),
    ...(writeOne && {
      writeOne: async (planned: Planned<WritePlan>, signal: AbortSignal) =>
        writeOne.call(runner, programs.write(planned), planned.binds, signal),
    }),
    ...((writeMany || dialect.can.transactions) && {
      writeMany: async (planned: Planned<WritePlan>, columns: Columns, signal: AbortSignal) =>
        writeMany
          ? writeMany.call(runner, programs.write(planned), columns, signal)
          : insertMany(runner, programs.write(planned), columns, signal),
    }),
    async write(work, signal) {
      const changes: Changes = { made: false }
      try {
        return await runner.session((session) => work(new StoreSession(session, dialect, programs, changes)), signal)
      } finally {
        // Where a database commits each change by itself, some of what failed may have been made.
        if (changes.made) catalog.refresh()
      }
    },
    ...(runner.exclusively && {
      exclusively: (name, work, signal, onWait) => runner.exclusively?.(name, work, signal, onWait) ?? work(),
    }),
    vitals: () => {
      const connections = runner.pooled?.()
      return { ...(connections && { connections }), programs: programs.uses }
    },
    close() {
      pooled?.close(new ServiceUnavailable('The service is being closed. Try again.'))
      return runner.close()
    },
  }
}

/** As RecordStore.writeMany, by a transaction of the runner. */
async function insertMany(
  runner: ProgramRunner,
  program: WriteProgram,
  columns: Columns,
  signal: AbortSignal,
): Promise<readonly Row[] | null> {
  const executions = (columns[0] ?? []).map((_, row) => columns.map((values) => values[row] ?? null))
  let undone = false
  try {
    return await runner.session(async (session) => {
      const outcomes = await session.write(program, executions, 'halt')
      const rows = outcomes.flatMap((outcome) => (outcome.ok && outcome.affected === 1 ? outcome.rows : []))
      undone = rows.length !== executions.length
      if (undone) throw new Error('A record could not be written.')
      return rows
    }, signal)
  } catch (thrown) {
    if (undone) return null
    throw thrown
  }
}

interface Changes {
  /** The structure was changed in this session. */
  made: boolean
}

class StoreSession implements WriteSession {
  readonly #session: SqlSession
  readonly #dialect: Dialect
  readonly #programs: Programs
  readonly #changes: Changes
  #savepoints = 0

  constructor(session: SqlSession, dialect: Dialect, programs: Programs, changes: Changes) {
    this.#session = session
    this.#dialect = dialect
    this.#programs = programs
    this.#changes = changes
  }

  rows(planned: Planned<ReadPlan>): Promise<readonly Row[]> {
    return this.#session.rows(this.#programs.read(planned), planned.binds)
  }

  run(
    planned: Planned<WritePlan>,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    return this.#session.write(this.#programs.write(planned), executions, mode)
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    const name = `df_${++this.#savepoints}`
    await this.#session.execute(`savepoint ${name}`)
    let result: T
    try {
      result = await work()
    } catch (thrown) {
      await this.#session.execute(`rollback to savepoint ${name}`)
      await this.#session.execute(`release savepoint ${name}`)
      throw thrown
    }
    await this.#session.execute(`release savepoint ${name}`)
    return result
  }

  async change(...plans: readonly SchemaPlan[]): Promise<void> {
    this.#changes.made = true
    if (this.#dialect.change) return this.#dialect.change(plans, this.#session)
    for (const plan of plans) {
      for (const text of this.#dialect.compileSchema(plan)) await this.#session.execute(text)
    }
  }
}
