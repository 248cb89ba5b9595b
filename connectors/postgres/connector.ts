/** What this connector brings to the shared SQL engine, for each kind of server that speaks PostgreSQL's protocol. */
import type { Column, WritePlan } from 'dataferry/records'
import type { ConfigValues, ServiceHost } from 'dataferry/sdk'
import type { SqlConnector } from 'dataferry/sql'
import { type BatchProgram, compileBatch } from './batch.ts'
import { PostgresCatalog } from './catalog.ts'
import { PostgresCompiler } from './compiler.ts'
import { castOf } from './describe.ts'
import { postgresError } from './errors.ts'
import type { Flavour } from './flavours.ts'
import { schemaChoice } from './introspect.ts'
import { type FieldProgram, writtenFields } from './locate.ts'
import { PostgresRoutines } from './routines.ts'
import { PostgresRunner } from './runner.ts'
import { readSettings } from './settings.ts'

class Compiler extends PostgresCompiler {
  readonly #flavour: Flavour

  constructor(flavour: Flavour) {
    super()
    this.#flavour = flavour
  }

  override compileWrite(plan: WritePlan, id: string): BatchProgram & FieldProgram {
    const program = super.compileWrite(plan, id)
    const batch = this.#flavour.unnest ? compileBatch(this, plan, program.statement) : null
    return { ...program, batch, fields: writtenFields(plan) }
  }

  override lock(): string {
    return this.#flavour.returning ? super.lock() : ''
  }

  override returning(columns: string): string {
    return this.#flavour.returning ? super.returning(columns) : ''
  }

  /** Keys are of their columns' own types where those are known, so that indexes are used and paddings compared as the column does. */
  override keyCast(column: Column): string {
    return castOf(column) ?? super.keyCast(column)
  }
}

export function postgresConnector(flavour: Flavour): SqlConnector {
  const compiler = new Compiler(flavour)
  return {
    dialect: {
      name: 'postgres',
      can: {
        write: true,
        transactions: true,
        returning: flavour.returning,
        structure: true,
        upsert: flavour.returning,
        upsertByKey: true,
        nulls: 'greatest',
        related: flavour.unnest,
        group: true,
      },
      compileRead: (plan, id) => compiler.compileRead(plan, id),
      compileWrite: (plan, id) => compiler.compileWrite(plan, id),
      compileSchema: (plan) => compiler.compileSchema(plan),
      error: postgresError,
    },
    createRunner: (config, host) => createRunner(config, host, flavour),
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
  new PostgresRunner(() => readSettings(config, host, flavour))
