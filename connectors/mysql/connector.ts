/** What MySQL, MariaDB and what speaks their protocol bring to the shared SQL engine. */
import type { Dialect, SqlConnector } from 'dataferry/sql'
import { MysqlCatalog, scopeOf } from './catalog.ts'
import { changeStructure } from './change.ts'
import { MysqlCompiler } from './compiler.ts'
import { mysqlError } from './errors.ts'
import { MysqlRoutines } from './routines.ts'
import { MysqlRunner } from './runner.ts'
import { modern, type ServerFacts, type Vendor } from './server.ts'
import { readSettings } from './settings.ts'

/** Made for each service: what can be compiled depends on its server. `vendor`: where the service's type tells what the server does not. */
export function mysqlConnector(vendor: Vendor | null): SqlConnector {
  let facts: () => ServerFacts = () => modern
  const compiler = new MysqlCompiler(() => facts())
  const dialect: Dialect = {
    name: 'mysql',
    can: {
      write: true,
      transactions: true,
      returning: false,
      upsert: true,
      related: true,
      group: true,
      structure: true,
    },
    compileRead: (plan, id) => compiler.compileRead(plan, id),
    compileWrite: (plan, id) => compiler.compileWrite(plan, id),
    compileSchema: (plan) => compiler.compileSchema(plan),
    change: (plans, session) => changeStructure(compiler, facts(), plans, session),
    error: mysqlError,
  }
  return {
    dialect,
    elsewhere: {
      module: new URL(import.meta.url.endsWith('.ts') ? './elsewhere.ts' : './elsewhere.js', import.meta.url).href,
      argument: vendor,
      connections: 10,
      besides: 0,
    },
    createRunner(config, host) {
      const runner = new MysqlRunner(() => readSettings(config, host), vendor)
      facts = () => runner.facts
      return runner
    },
    createCatalog(runner, config, { log }) {
      if (!(runner instanceof MysqlRunner)) throw new TypeError('A MySQL catalog needs a MySQL runner.')
      return new MysqlCatalog(runner, config, log)
    },
    createRoutines(runner, config) {
      if (!(runner instanceof MysqlRunner)) throw new TypeError('MySQL routines need a MySQL runner.')
      return new MysqlRoutines(runner, scopeOf(config))
    },
  }
}
