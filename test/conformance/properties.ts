/**
 * What holds for any request: random tables, filters, orders, pages, groups, relations and row filters give the same rows as the same
 * request over the same rows in memory, and no value of them is in the text of a statement. CONFORMANCE_RUNS is the number of requests.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { answerOf, houseHost, makeTables, type Opened, requestOf, type SeedTable } from 'dataferry/conformance'
import { RecordStoreAbility, type Row, recordService, type Table } from 'dataferry/records'
import type { Json, Service, ServiceHost } from 'dataferry/sdk'
import type { Dialect, SqlConnector } from 'dataferry/sql'
import fc from 'fast-check'
import { MemoryStore } from '../connectors/records/memory-store.ts'
import { type Asked, asked, marks, type Rows, rowsOfTables } from './arbitraries.ts'
import type { Server } from './server.ts'

const columns: SeedTable['plan']['columns'] = [
  { name: 'id', type: 'id' },
  { name: 'n', type: 'integer', allowNull: true },
  { name: 'm', type: 'integer', allowNull: true },
  { name: 'big', type: 'bigint', allowNull: true },
  { name: 's', type: 'string', length: 40, allowNull: true },
  { name: 'ok', type: 'boolean', allowNull: true },
  { name: 'p', type: 'decimal', precision: 12, scale: 3, allowNull: true },
  { name: 'f', type: 'double', allowNull: true },
  { name: 'd', type: 'date', allowNull: true },
]
const tables: readonly SeedTable[] = [
  { plan: { kind: 'create-table', name: 'random', columns }, rows: [] },
  {
    plan: {
      kind: 'create-table',
      name: 'child',
      columns: [...columns, { name: 'random_id', type: 'integer', allowNull: true }],
      foreignKeys: [{ columns: ['random_id'], refTable: 'random', refColumns: ['id'] }],
    },
    rows: [],
  },
]

const seed = process.env.CONFORMANCE_SEED

/** Requests over one set of rows, and how many are under way at once. */
const each = 50
const together = 5

/** `make`: the server with the given connector, which tells what it compiles. */
export function properties(connector: SqlConnector, make: (connector: SqlConnector) => Server, runs: number): void {
  const texts: string[] = []
  const { subject } = make(telling(connector, texts))
  describe(`${subject.name}: properties`, () => {
    let opened: Opened
    let host: ServiceHost
    const found: Table[] = []
    before(async () => {
      host = await houseHost()
      opened = await subject.open(host, {})
      await makeTables(opened, tables)
      for (const { plan } of tables) {
        const table = await opened.service.ability?.(RecordStoreAbility)?.catalog.table(plan.name)
        assert.ok(table)
        found.push(table)
      }
    })
    after(() => opened.close())

    test(`${runs} random requests give what they give in memory`, async () => {
      const requests = fc.array(asked, { minLength: each, maxLength: each })
      const property = fc.asyncProperty(rowsOfTables, requests, async (rows, requests) => {
        const filled = await fillWith(opened.service, rows)
        const store = new MemoryStore(found.map((table) => ({ table, rows: filled.get(table.name) ?? [] })))
        const memory = recordService(store, { host, config: {} })
        for (let at = 0; at < requests.length; at += together) {
          await Promise.all(
            requests.slice(at, at + together).map((request) => compare(request, opened.service, memory)),
          )
        }
      })
      await fc.assert(property, {
        numRuns: Math.max(1, Math.ceil(runs / each)),
        // The message of a failure names the one request; a smaller table is looked for only where the seed is given.
        endOnFailure: !seed,
        ...(seed && { seed: Number(seed) }),
      })
      assert.ok(texts.length > 0)
    })

    test('no value is in the text of a statement', () => {
      for (const text of texts) assert.doesNotMatch(text, marks)
    })
  })
}

async function compare(request: Asked, service: Service, memory: Service): Promise<void> {
  const { table, query, as, kind } = request
  const ask = { ask: `GET ${table}`, ...(as === null ? {} : { as }) }
  if (kind === 'pages') {
    // In memory all at once, in the same order with the key behind it.
    const whole = { filter: query.filter ?? '', order: [query.order, 'id'].filter(Boolean).join(',') }
    const expected = await answerOf(memory, requestOf({ ...ask, query: whole }))
    const rows: Json[] = []
    for (let cursor: Json | undefined = '*'; typeof cursor === 'string'; ) {
      const { status, body } = await answerOf(service, requestOf({ ...ask, query: { ...query, cursor } }))
      assert.equal(status, 200, JSON.stringify(body))
      const { resource, meta } = body as {
        readonly resource: Json[]
        readonly meta?: { readonly next_cursor?: string }
      }
      rows.push(...resource)
      assert.ok(rows.length < 100, `pages without end: ${JSON.stringify(request)}`)
      cursor = meta?.next_cursor
    }
    assert.deepEqual({ resource: rows }, expected.body, JSON.stringify(request))
    return
  }
  const got = await answerOf(service, requestOf({ ...ask, query }))
  const expected = await answerOf(memory, requestOf({ ...ask, query }))
  assert.deepEqual(got, expected, JSON.stringify(request))
  assert.equal(got.status, 200, JSON.stringify(got.body))
}

const firstId = 1001

/** By the name of the table. */
async function fillWith(service: Service, { random, child }: Rows): Promise<ReadonlyMap<string, readonly Row[]>> {
  const parents = random.map((row, index) => ({ id: firstId + index, ...row })) as readonly Row[]
  const children = child.map(({ parent, ...row }, index) => ({
    id: firstId + index,
    ...row,
    random_id: parent < random.length ? firstId + parent : null,
  })) as readonly Row[]
  for (const name of ['child', 'random']) await answerOf(service, requestOf({ ask: `DELETE ${name}?force=true` }))
  const filled = new Map([
    ['random', parents],
    ['child', children],
  ])
  for (const [name, resource] of filled) {
    if (resource.length === 0) continue
    const { status, body } = await answerOf(service, requestOf({ ask: `POST ${name}`, body: { resource } }))
    assert.equal(status, 201, JSON.stringify(body))
  }
  return filled
}

/** The connector, telling the text of every statement that it compiles. */
function telling(connector: SqlConnector, texts: string[]): SqlConnector {
  const { dialect } = connector
  const told: Dialect = {
    name: dialect.name,
    can: dialect.can,
    compileRead(plan, id) {
      const program = dialect.compileRead(plan, id)
      for (const statement of [program.rows, program.count]) if (statement) texts.push(statement.text)
      return program
    },
    compileWrite(plan, id) {
      const program = dialect.compileWrite(plan, id)
      texts.push(program.statement.text)
      return program
    },
    compileSchema: (plan) => dialect.compileSchema(plan),
    error: (thrown) => dialect.error(thrown),
  }
  return {
    ...connector,
    dialect: told,
    createRunner: (config, host) => connector.createRunner(config, host),
    createCatalog: (runner, config, host) => connector.createCatalog(runner, config, host),
  }
}

/** CONFORMANCE_RUNS, else 10,000 where CI=true, else few. */
export function runsOf(): number {
  const given = Number(process.env.CONFORMANCE_RUNS ?? '')
  if (Number.isInteger(given) && given > 0) return given
  return process.env.CI === 'true' ? 10_000 : 300
}
