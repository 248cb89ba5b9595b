/** A schema of its own on a real server, and the connector's runner and store on it; what was made is gone when the test is. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { RecordStore } from 'dataferry/records'
import type { ByteSink, ConfigValues, Output, ServiceHost } from 'dataferry/sdk'
import { type ReadProgram, type SqlConnector, type Statement, sqlStore, type WireColumn } from 'dataferry/sql'
import pg from 'pg'
import { load } from '../../../config/index.ts'
import type { PostgresCatalog } from '../../../connectors/postgres/catalog.ts'
import { postgresConnector } from '../../../connectors/postgres/connector.ts'
import { postgresql } from '../../../connectors/postgres/flavours.ts'
import { PostgresRunner } from '../../../connectors/postgres/runner.ts'
import { readSettings } from '../../../connectors/postgres/settings.ts'
import type { Database } from '../../support/databases.ts'

export const signal = new AbortController().signal

const { config: settings } = load({ env: {}, directory: '/nowhere' })

export function host(env: Readonly<Record<string, string>> = {}): ServiceHost {
  return {
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    settings: Object.keys(env).length === 0 ? settings : load({ env, directory: '/nowhere' }).config,
    service: { id: 1, name: 'db', label: 'db', type: 'pgsql' },
    ask: () => assert.fail('nothing is asked'),
    maskFor: () => 31,
    policyFor: () => assert.fail('no policy is asked'),
    serviceName: () => 'db',
    other: () => assert.fail('no other service is asked'),
  } as unknown as ServiceHost
}

/** A direct connection, to arrange and to look. */
export async function direct(t: TestContext, database: Database): Promise<pg.Client> {
  const client = await connect(database)
  t.after(() => client.end())
  return client
}

async function connect({ host, port, user, password, database }: Database): Promise<pg.Client> {
  for (;;) {
    const client = new pg.Client({ host, port, user, password, database })
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch (thrown) {
      // The port is open a moment before the server takes logins.
      if ((thrown as { readonly code?: string }).code !== '57P03') throw thrown
    }
  }
}

let schemas = 0

export interface Arranged {
  readonly runner: PostgresRunner
  readonly catalog: PostgresCatalog
  readonly store: RecordStore
  readonly client: pg.Client
  /** The schema, which is the connections' default one; others whose names begin with its name are removed with it. */
  readonly schema: string
  readonly config: ConfigValues
}

export interface Options {
  readonly config?: ConfigValues
  /** What is set on each connection beside the schema. */
  readonly statements?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export const configOf = (database: Database, more: ConfigValues = {}): ConfigValues => ({
  host: database.host,
  port: database.port,
  database: database.database,
  username: database.user,
  password: database.password,
  ...more,
})

/** A schema filled by the statements. */
export async function arrange(
  t: TestContext,
  database: Database,
  sql: string,
  options: Options = {},
): Promise<Arranged> {
  const schema = `t${process.pid}_${++schemas}`
  const client = await connect(database)
  await client.query(`create schema ${schema}; set search_path to ${schema}, public`)
  await client.query(sql)
  const config = configOf(database, {
    statements: [`set search_path to ${schema}, public`, ...(options.statements ?? [])],
    ...options.config,
  })
  const own = host(options.env)
  let made: PostgresRunner | null = null
  let known: PostgresCatalog | null = null
  const base = postgresConnector(postgresql)
  const connector: SqlConnector = {
    ...base,
    createRunner: () => {
      made = new PostgresRunner(() => readSettings(config, own, postgresql))
      return made
    },
    createCatalog: (runner, configuration, serviceHost) => {
      const catalog = base.createCatalog(runner, configuration, serviceHost)
      known = catalog as PostgresCatalog
      return catalog
    },
  }
  const store = sqlStore(connector, config, own)
  t.after(async () => {
    await store.close()
    await client.end().catch(() => {})
    const last = await connect(database)
    const { rows } = await last.query('select nspname from pg_namespace where starts_with(nspname, $1)', [schema])
    for (const { nspname } of rows as { nspname: string }[]) await last.query(`drop schema ${nspname} cascade`)
    await last.end()
  })
  assert.ok(made !== null && known !== null)
  return { runner: made, catalog: known, store, client, schema, config }
}

export const json: Output = {
  format: 'json',
  type: 'application/json',
  wrapper: 'resource',
  wrapperName: 'resource',
  xmlRoot: 'dfapi',
  fileName: null,
}

/** Collects what is written. */
export class Collected implements ByteSink {
  readonly chunks: Uint8Array[] = []
  write(chunk: Uint8Array): void {
    this.chunks.push(chunk)
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8')
  }
}

export const column = (as: string, type: WireColumn['type'] = 'string', dbType = ''): WireColumn => ({
  as,
  type,
  dbType,
  hidden: false,
})

let programs = 0

/** A statement over slots in the order of its placeholders. */
export const statement = (text: string, columns: readonly WireColumn[], point = false): Statement => ({
  text,
  parameters: [...text.matchAll(/\$\d+/g)].map((_, slot) => ({ kind: 'slot', slot })),
  columns,
  point,
})

/** A list of all that the statement gives; `point`: the statement gives one row at most. */
export const listProgram = (text: string, columns: readonly WireColumn[], point = false): ReadProgram => ({
  kind: 'read',
  id: `r${++programs}`,
  result: { kind: 'list', count: 'no', schema: null },
  rows: statement(text, columns, point),
  count: null,
  grouped: false,
  limit: null,
  offset: null,
  related: [],
})
