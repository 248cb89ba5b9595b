/** What SQLite brings to the shared SQL engine. */
import type { ConfigValues } from 'dataferry/sdk'
import { type Dialect, initialStatements, type SqlConnector, settingOptions, settingSeconds } from 'dataferry/sql'
import { SqliteCatalog } from './catalog.ts'
import { changeStructure } from './change.ts'
import { SqliteCompiler } from './compiler.ts'
import { sqliteError } from './errors.ts'
import { databaseFile } from './location.ts'
import { refuseAttaching, refuseOwnFiles } from './own-files.ts'
import { SqliteRunner } from './runner.ts'

const compiler = new SqliteCompiler()

const dialect: Dialect = {
  name: 'sqlite',
  can: {
    write: true,
    transactions: true,
    returning: true,
    upsert: true,
    upsertByKey: true,
    related: true,
    group: true,
    structure: true,
  },
  compileRead: (plan, id) => compiler.compileRead(plan, id),
  compileWrite: (plan, id) => compiler.compileWrite(plan, id),
  compileSchema: (plan) => compiler.compileSchema(plan),
  change: (plans, session) => changeStructure(compiler, plans, session),
  error: sqliteError,
}

/** How long a free thread is waited for where `pool_timeout` of the options does not say. Seconds. */
const waitSeconds = 30

/** The system store's file, where it lies elsewhere than in the data folder. */
const storeFile = (systemDb: string | null): string | null =>
  systemDb?.startsWith('sqlite:') ? systemDb.slice('sqlite:'.length) : null

/** The id of services outside of the configuration: the system store. */
const systemStore = 0

/** `config` as in control-plane 5.2: `database` is a path, or a name in the folder of SQLite databases. */
export const sqliteConnector: SqlConnector = {
  dialect,
  createRunner(config: ConfigValues, host) {
    const { settings, service } = host
    const file = databaseFile(config, settings.sqlite.storage)
    const statements = initialStatements(config)
    if (service.id !== systemStore) {
      refuseOwnFiles(file, settings.dataDir, storeFile(settings.nodes.systemDb))
      refuseAttaching(statements)
    }
    return new SqliteRunner({
      file,
      statements,
      readers: host.share?.(settings.sqlite.readers, 1) ?? settings.sqlite.readers,
      timeoutMs: settings.records.statementTimeoutMs,
      waitMs: settingSeconds(settingOptions(config).pool_timeout, waitSeconds) * 1_000,
    })
  },
  createCatalog(runner, _config, { log }) {
    if (!(runner instanceof SqliteRunner)) throw new TypeError('A SQLite catalog needs a SQLite runner.')
    return new SqliteCatalog(runner, log)
  },
}
