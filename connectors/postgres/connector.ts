/** What this connector brings to the shared SQL engine, for each kind of server that speaks PostgreSQL's protocol. */
import type { WritePlan } from 'dataferry/records'
import type { ConfigValues, ServiceHost } from 'dataferry/sdk'
import type { SqlConnector } from 'dataferry/sql'
import { type BatchProgram, compileBatch } from './batch.ts'
import { PostgresCatalog } from './catalog.ts'
import { flavourName } from './elsewhere.ts'
import { postgresError } from './errors.ts'
import type { Flavour } from './flavours.ts'
import { schemaChoice } from './introspect.ts'
import { type FieldProgram, writtenFields } from './locate.ts'
import { PostgresRoutines } from './routines.ts'
import { PostgresRunner } from './runner.ts'
import { readSettings } from './settings.ts'

function compileWrite(
  { compiler, unnest, binaryArrays }: Flavour,
  plan: WritePlan,
  id: string,
): BatchProgram & FieldProgram {
  const program = compiler.compileWrite(plan, id)
  return {
    ...program,
    batch: unnest ? compileBatch(compiler, plan, program.statement, binaryArrays) : null,
    fields: writtenFields(plan),
  }
}

export function postgresConnector(flavour: Flavour): SqlConnector {
  const { compiler } = flavour
  return {
    dialect: {
      name: 'postgres',
      can: {
        write: true,
        transactions: flavour.savepoints,
        returning: flavour.returning,
        structure: true,
        upsert: flavour.savepoints && flavour.returning,
        upsertByKey: true,
        nulls: 'greatest',
        related: true,
        group: true,
      },
      compileRead: (plan, id) => compiler.compileRead(plan, id),
      compileWrite: (plan, id) => compileWrite(flavour, plan, id),
      compileSchema: (plan) => compiler.compileSchema(plan),
      error: postgresError,
    },
    createRunner: (config, host) => createRunner(config, host, flavour),
    elsewhere: {
      module: new URL(import.meta.url.endsWith('.ts') ? './elsewhere.ts' : './elsewhere.js', import.meta.url).href,
      argument: flavourName(flavour),
      connections: 10,
      // Those that records by their keys share.
      besides: 2,
    },
    createCatalog(runner, config) {
      if (!(runner instanceof PostgresRunner)) throw new TypeError('The catalog of PostgreSQL needs its own runner.')
      return new PostgresCatalog(runner, flavour, schemaChoice(config.schema))
    },
    createRoutines(runner, config) {
      if (!(runner instanceof PostgresRunner)) throw new TypeError('The routines of PostgreSQL need its own runner.')
      return new PostgresRoutines(runner, flavour, schemaChoice(config.schema))
    },
  }
}

const createRunner = (config: ConfigValues, host: ServiceHost, flavour: Flavour): PostgresRunner =>
  new PostgresRunner(() => readSettings(config, host, flavour), flavour.savepoints)
