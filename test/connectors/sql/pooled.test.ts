/** Long lists in worker threads answer as on the event loop, on both servers, and go there only when they may. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { recordService } from 'dataferry/records'
import {
  ApiError,
  allVerbs,
  type ByteSink,
  type ConfigValues,
  type Service,
  type ServiceHost,
  type Workers,
  WorkersAbility,
} from 'dataferry/sdk'
import { type SqlConnector, sqlStore } from 'dataferry/sql'
import pg from 'pg'
import { load } from '../../../config/index.ts'
import { mysqlConnector } from '../../../connectors/mysql/connector.ts'
import { postgresConnector } from '../../../connectors/postgres/connector.ts'
import { postgresql } from '../../../connectors/postgres/flavours.ts'
import type { Observation } from '../../../kernel/observe.ts'
import { WorkerPool } from '../../../kernel/workers/pool.ts'
import { type Database, type Found, mysql, postgres } from '../../support/databases.ts'
import { until } from '../../support/until.ts'
import { Direct } from '../mysql/database.ts'
import { type Asked, requestFor } from '../records/company.ts'

const { config: settings } = load({ env: { DF_WORKER_THREADS: '1', DF_WORKER_LIST_ROWS: '5' }, directory: '/nowhere' })
const never = new AbortController().signal
const none: ReadonlySet<string> = new Set()

/** A database, what runs on it, and a schema of its own that is gone afterwards. */
interface Engine {
  readonly name: string
  readonly skip: string | false
  readonly connector: () => SqlConnector
  readonly config: ConfigValues
  run(sql: string): Promise<unknown>
  /** Statements of the service that run. */
  running(): Promise<number>
  stop(): Promise<void>
}

const schema = `pooled_${process.pid}`
const common = ({ host, port, user, password }: Database): ConfigValues => ({
  host,
  port,
  username: user,
  password,
  max_records: 1_000_000,
  options: { pool_size: 6 },
})

async function postgresEngine({ database, skip }: Found): Promise<Engine> {
  const given = database as Database
  const client = new pg.Client({ ...given, database: given?.database })
  client.on('error', () => {})
  if (database !== null) {
    await client.connect()
    await client.query(`create schema ${schema}; set search_path to ${schema}`)
  }
  return {
    name: 'PostgreSQL',
    skip,
    connector: () => postgresConnector(postgresql),
    config: {
      ...common(given),
      database: given?.database,
      application_name: schema,
      statements: [`set search_path to ${schema}, public`],
    },
    run: (sql) => client.query(sql),
    async running() {
      const found = await client.query(
        "select count(*)::int as n from pg_stat_activity where application_name = $1 and state <> 'idle'",
        [schema],
      )
      return (found.rows as { n: number }[])[0]?.n ?? 0
    },
    async stop() {
      if (database === null) return
      await client.query(`drop schema ${schema} cascade`)
      await client.end()
      await given.stop()
    },
  }
}

async function mysqlEngine({ database, skip }: Found): Promise<Engine> {
  const given = database as Database
  const direct = database === null ? null : new Direct(given)
  await direct?.run(`create database ${schema}; use ${schema}`)
  return {
    name: 'MariaDB',
    skip,
    connector: () => mysqlConnector(null),
    config: { ...common(given), database: schema },
    run: async (sql) => direct?.run(sql),
    async running() {
      const rows = await direct?.run(
        `select count(*) from information_schema.processlist where db = '${schema}' and command <> 'Sleep' and id <> connection_id()`,
      )
      return Number(rows?.[0]?.[0] ?? 0)
    },
    async stop() {
      await direct?.run(`drop database ${schema}`)
      direct?.end()
      await given?.stop()
    },
  }
}

const seen: Observation[] = []
const pool = new WorkerPool(settings, (what) => seen.push(what))
let streams = 0
/** Counts what goes to threads. */
const counted: Workers = {
  get threads() {
    return pool.threads
  },
  get streamsFree() {
    return pool.streamsFree
  },
  compute: (task, signal) => pool.compute(task, signal),
  stream(task, sink, signal) {
    streams++
    return pool.stream(task, sink, signal)
  },
}

function serviceOn({ connector, config }: Engine, more: ConfigValues = {}): Service {
  const host: ServiceHost = {
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    settings,
    service: { id: 1, name: 'db', label: 'db', type: 'any' },
    ask: <T>(what: { readonly name: string }): T => {
      if (what.name !== WorkersAbility.name) throw new Error('nobody has it')
      return counted as T
    },
    maskFor: () => allVerbs,
    policyFor: () => ({ verbs: allVerbs, rows: null, hidden: none, readOnly: none }),
    serviceName: () => null,
    other: () => assert.fail('no other service is asked'),
  }
  const all = { ...config, ...more }
  return recordService(sqlStore(connector(), all, host), { host, config: all })
}

async function answer(service: Service, asked: Asked, sink?: ByteSink, signal = never): Promise<string> {
  const request = requestFor(asked)
  const chunks: Uint8Array[] = []
  try {
    const { body } = await service.handle(request, signal)
    assert.equal(body.kind, 'rows')
    if (body.kind === 'rows')
      await body.rows.encode(request.output, sink ?? { write: (chunk) => void chunks.push(chunk) }, signal)
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown
    return `${thrown.status} ${thrown.message}`
  }
  return Buffer.concat(chunks).toString('utf8')
}

const engines = [await postgresEngine(await postgres()), await mysqlEngine(await mysql())]
after(async () => {
  await pool.close()
  for (const engine of engines) await engine.stop()
})

const long = [
  { name: 'a list', path: '_table/thing' },
  { name: 'a filter with values', path: "_table/thing?filter=(name='thing 7') or (id>1995)&order=id desc" },
  { name: 'its count', path: '_table/thing?limit=10&include_count=true' },
  { name: 'related records', path: '_table/thing?related=part_by_thing_id&limit=50&order=id' },
  { name: 'CSV', path: '_table/thing', output: { format: 'csv', type: 'text/csv' } },
  { name: 'XML', path: '_table/thing?limit=100', output: { format: 'xml', type: 'application/xml' } },
] as const
const short = [
  { name: 'a record', path: '_table/thing/7' },
  { name: 'a short list', path: '_table/thing?limit=5' },
  { name: 'a count', path: '_table/thing?count_only=true' },
] as const

for (const engine of engines) {
  describe(engine.name, { skip: engine.skip }, () => {
    let pooled: Service
    let alone: Service
    before(async () => {
      await engine.run(
        `create table thing (id integer primary key, name varchar(40), amount numeric(20, 10), made timestamp null, note varchar(2000));
         create table part (id integer primary key, thing_id integer, foreign key (thing_id) references thing (id));
         create table other (id integer primary key, gone integer);
         insert into other values (1, 2)`,
      )
      const rows = Array.from({ length: 2_000 }, (_, i) => {
        const note = i % 2 === 0 ? 'null' : `'é "q" ${'x'.repeat(1_000)}'`
        return `(${i}, 'thing ${i}', ${i}.0000000001, '2024-01-02 03:04:05', ${note})`
      })
      await engine.run(`insert into thing values ${rows.join(',')}`)
      await engine.run(`insert into part values ${rows.map((_, i) => `(${i}, ${i % 40})`).join(',')}`)
      pooled = serviceOn(engine)
      alone = serviceOn(engine, { connector_host: 'main' })
    })
    after(async () => {
      await pooled?.close()
      await alone?.close()
    })

    for (const { name, ...asked } of long) {
      test(`${name} comes from a thread, byte for byte`, async () => {
        const before = streams
        const here = await answer(alone, asked)
        assert.equal(streams, before)
        assert.equal(await answer(pooled, asked), here)
        assert.equal(streams, before + 1)
      })
    }

    for (const { name, ...asked } of short) {
      test(`${name} stays`, async () => {
        const before = streams
        assert.equal(await answer(pooled, asked), await answer(alone, asked))
        assert.equal(streams, before)
      })
    }

    test('a reader that goes away ends the query', async () => {
      const stop = new AbortController()
      let chunks = 0
      const stuck = answer(
        pooled,
        { path: '_table/thing' },
        {
          write() {
            chunks++
            return new Promise(() => {})
          },
        },
        stop.signal,
      )
      await until('the first bytes are there', () => chunks > 0)
      stop.abort(new Error('gone'))
      await assert.rejects(stuck, /gone/)
      await until('nothing runs', async () => (await engine.running()) === 0)
      await until('the thread is free', () => pool.counts.streaming === 0)
      assert.equal(chunks, 1)
    })

    test('lists beyond their part of the connections stay', async () => {
      const before = streams
      const open: (() => void)[] = []
      const stop = new AbortController()
      const held = Array.from({ length: 3 }, () =>
        answer(
          pooled,
          { path: '_table/thing' },
          { write: () => (stop.signal.aborted ? undefined : new Promise<void>((resolve) => void open.push(resolve))) },
          stop.signal,
        ),
      )
      await until('all have begun', () => open.length === 3)
      // A third of six.
      assert.equal(streams, before + 2)
      stop.abort(new Error('gone'))
      for (const go of open) go()
      for (const each of held) await assert.rejects(each, /gone/)
    })

    test('a structure that was changed behind it is found out', async () => {
      const asked = { path: '_table/other?limit=30' }
      assert.equal(await answer(pooled, asked), '{"resource":[{"id":1,"gone":2}]}')
      await engine.run('alter table other drop column gone')
      const before = streams
      assert.equal(await answer(pooled, asked), '{"resource":[{"id":1}]}')
      assert.equal(streams, before + 2)
    })

    test('a service with few connections keeps them', async () => {
      const few = serviceOn(engine, { options: { pool_size: 3 } })
      const before = streams
      assert.equal(await answer(few, { path: '_table/thing' }), await answer(alone, { path: '_table/thing' }))
      assert.equal(streams, before)
      await few.close()
    })
  })
}
