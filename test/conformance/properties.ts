/**
 * What holds for any request: a random table, filter, order, page, group and row filter give the same rows as the same request over the
 * same rows in memory, and no value of them is in the text of a statement. CONFORMANCE_RUNS is the number of requests.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  answerOf,
  houseHost,
  makeTables,
  type Opened,
  type Rights,
  requestOf,
  type SeedTable,
} from 'dataferry/conformance'
import { RecordStoreAbility, type Row, recordService, type Table } from 'dataferry/records'
import type { Service, ServiceHost } from 'dataferry/sdk'
import type { Dialect, SqlConnector } from 'dataferry/sql'
import fc from 'fast-check'
import { MemoryStore } from '../connectors/records/memory-store.ts'
import type { Server } from './server.ts'

const random: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'random',
    columns: [
      { name: 'id', type: 'id' },
      { name: 'n', type: 'integer', allowNull: true },
      { name: 'm', type: 'integer', allowNull: true },
      { name: 'big', type: 'bigint', allowNull: true },
      { name: 's', type: 'string', length: 40, allowNull: true },
      { name: 'ok', type: 'boolean', allowNull: true },
      { name: 'p', type: 'decimal', precision: 12, scale: 3, allowNull: true },
      { name: 'f', type: 'double', allowNull: true },
      { name: 'd', type: 'date', allowNull: true },
    ],
  },
  rows: [],
}

// Values that would stand out in a statement: each has one of these marks.
const marks = /zq|7000\d|8000\d|2031|9223372036854775|6000\d/
const values = {
  n: fc.constantFrom(70001, 70002, 70003, -70004, 70005),
  m: fc.constantFrom(70001, 70002, 70003, -70004, 70005),
  big: fc.constantFrom(9223372036854775807n, -9223372036854775807n, 9223372036854775806n, 70001n),
  s: fc.constantFrom(
    'zq',
    'zqa',
    'azq',
    "zq'b",
    'zq"',
    'zq\\',
    'zq%',
    'zq_a',
    'zq) or (1=1',
    ' zq',
    'zq ',
    'zqé',
    'zq😀',
    'zq--',
    '0zq',
  ),
  ok: fc.boolean(),
  p: fc.constantFrom(80001.125, 80001.5, -80002, 80003.001, 80001),
  f: fc.constantFrom(60001.5, -60001.25, 60002, 60003.125),
  d: fc.constantFrom('2031-01-01', '2031-02-28', '2031-12-31'),
} as const
type Field = keyof typeof values
const fields = Object.keys(values) as Field[]

const rowsArb = fc.array(
  fc.record(
    Object.fromEntries(
      fields.map((field) => [field, fc.option(values[field] as fc.Arbitrary<unknown>, { freq: 4 })]),
    ) as { [F in Field]: fc.Arbitrary<unknown> },
  ),
  { maxLength: 14 },
)

const quoted = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
const literal = (field: Field): fc.Arbitrary<string> => (values[field] as fc.Arbitrary<unknown>).map(quoted)
const pattern = fc.oneof(values.s, fc.constantFrom('zq\\\\', 'zq\\%', 'zq\\_a', '\\z\\q')).map(quoted)
const operator = fc.constantFrom('=', '!=', '<', '<=', '>', '>=')
const equality = fc.constantFrom('=', '!=')
/** What an operator cannot order is only asked for equality. */
const operatorFor = (field: Field): fc.Arbitrary<string> => (field === 'ok' ? equality : operator)

const anyField = fc.constantFrom(...fields)
const comparison = anyField.chain((field) =>
  fc.tuple(operatorFor(field), literal(field)).map(([op, value]) => `${field} ${op} ${value}`),
)
const predicate: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: comparison },
  { weight: 2, arbitrary: anyField.map((field) => `${field} is null`) },
  { weight: 1, arbitrary: anyField.map((field) => `${field} is not null`) },
  {
    weight: 2,
    arbitrary: anyField.chain((field) =>
      fc
        .tuple(fc.constantFrom('in', 'not in'), fc.array(literal(field), { minLength: 1, maxLength: 4 }))
        .map(([op, list]) => `${field} ${op} (${list.join(', ')})`),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<Field>('n', 'big', 's', 'p', 'f', 'd')
      .chain((field) =>
        fc
          .tuple(fc.constantFrom('between', 'not between'), literal(field), literal(field))
          .map(([op, low, high]) => `${field} ${op} ${low} and ${high}`),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('like', 'not like', 'contains', 'starts with', 'ends with', 'not contains'), pattern)
      .map(([op, value]) => `s ${op} ${value}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(operator, fc.constantFrom('m', 'm + 1', 'abs(m)', 'coalesce(m, 70001)', 'm * 2 - 70001'))
      .map(([op, expr]) => `n ${op} (${expr})`),
  },
)
const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    { weight: 3, arbitrary: predicate },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('and', 'or', 'xor'), fc.array(tie('filter'), { minLength: 2, maxLength: 3 }))
        .map(([op, of]) => of.map((each) => `(${each})`).join(` ${op} `)),
    },
    { weight: 1, arbitrary: tie('filter').map((of) => `not (${of})`) },
  ),
}))

/** Ends in the key, so that it decides everything. */
const order = fc
  .array(fc.tuple(anyField, fc.constantFrom('asc', 'desc'), fc.constantFrom('nulls first', 'nulls last')), {
    maxLength: 2,
  })
  .map((terms) => [...terms.map((term) => term.join(' ')), 'id'].join(','))

const rowFilter: fc.Arbitrary<Rights | undefined> = fc.option(
  fc
    .tuple(
      fc.array(
        anyField.chain((field) =>
          fc.oneof(
            fc.tuple(operatorFor(field), literal(field)).map(([op, value]) => ({ name: field, operator: op, value })),
            fc.constantFrom(
              { name: field, operator: 'IS NULL', value: '' },
              { name: field, operator: 'IS NOT NULL', value: '' },
            ),
            fc
              .array(literal(field), { minLength: 1, maxLength: 3 })
              .map((list) => ({ name: field, operator: 'NOT IN', value: `(${list.join(',')})` })),
          ),
        ),
        { minLength: 1, maxLength: 2 },
      ),
      fc.constantFrom<'AND' | 'OR'>('AND', 'OR'),
    )
    .map(([filters, filterOp]): Rights => ({ random: { filters, filterOp } })),
  { nil: undefined },
)

interface Asked {
  readonly query: { readonly [name: string]: string }
  readonly as: Rights | undefined
}

const page = fc.record({
  limit: fc.constantFrom('', '1', '3', '20'),
  offset: fc.constantFrom('', '0', '1', '4'),
  include_count: fc.constantFrom('', 'true'),
})
const list = fc.tuple(filter, order, page).map(([filter, order, page]) => ({ filter, order, ...page }))
const count = filter.map((filter) => ({ filter, count_only: 'true' }))
const grouped = fc
  .tuple(
    filter,
    fc.constantFrom<Field>('n', 'ok', 'd', 's'),
    fc.constantFrom('SUM(m)', 'MIN(p)', 'MAX(big)', 'COUNT(f)', 'MIN(d)', 'MAX(s)'),
  )
  .map(([filter, by, aggregate]) => ({
    filter,
    group: by,
    fields: `${by},COUNT(*),${aggregate}`,
    order: `${by} asc nulls first`,
  }))
const asked: fc.Arbitrary<Asked> = fc.record({
  query: fc.oneof(
    { weight: 6, arbitrary: list },
    { weight: 1, arbitrary: count },
    { weight: 1, arbitrary: grouped },
  ) as fc.Arbitrary<Asked['query']>,
  as: rowFilter,
})

/** Requests over one set of rows. */
const each = 20

/** `make`: the server with the given connector, which tells what it compiles. */
export function properties(connector: SqlConnector, make: (connector: SqlConnector) => Server, runs: number): void {
  const texts: string[] = []
  const { subject } = make(telling(connector, texts))
  describe(`${subject.name}: properties`, () => {
    let opened: Opened
    let host: ServiceHost
    let table: Table
    before(async () => {
      host = await houseHost()
      opened = await subject.open(host, {})
      await makeTables(opened, [random])
      const found = await opened.service.ability?.(RecordStoreAbility)?.catalog.table('random')
      assert.ok(found)
      table = found
    })
    after(() => opened.close())

    test(`${runs} random requests give what they give in memory`, async () => {
      const property = fc.asyncProperty(
        rowsArb,
        fc.array(asked, { minLength: each, maxLength: each }),
        async (rows, requests) => {
          const filled = await fillWith(opened.service, rows as readonly Row[])
          const memory = recordService(new MemoryStore([{ table, rows: filled }]), { host, config: {} })
          for (const request of requests) {
            const ask = { ask: 'GET random', ...request, ...(request.as === undefined ? {} : { as: request.as }) }
            const { as: _, ...asAdmin } = ask
            const whole = request.as === undefined ? asAdmin : { ...ask, as: request.as }
            const got = await answerOf(opened.service, requestOf(whole))
            const expected = await answerOf(memory, requestOf(whole))
            assert.deepEqual(got, expected, JSON.stringify(request))
            assert.equal(got.status, 200, JSON.stringify(got.body))
          }
        },
      )
      await fc.assert(property, {
        numRuns: Math.max(1, Math.ceil(runs / each)),
        ...(process.env.CONFORMANCE_SEED && { seed: Number(process.env.CONFORMANCE_SEED) }),
      })
      assert.ok(texts.length > 0)
    })

    test('no value is in the text of a statement', () => {
      for (const text of texts) assert.doesNotMatch(text, marks)
    })
  })
}

async function fillWith(service: Service, rows: readonly Row[]): Promise<readonly Row[]> {
  await answerOf(service, requestOf({ ask: 'DELETE random?force=true' }))
  const numbered = rows.map((row, index) => ({ id: 1001 + index, ...row }))
  if (numbered.length === 0) return []
  const { status, body } = await answerOf(service, requestOf({ ask: 'POST random', body: { resource: numbered } }))
  assert.equal(status, 201, JSON.stringify(body))
  return numbered
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

/** CONFORMANCE_RUNS, else `usual`. */
export function runsOf(usual: number): number {
  const given = Number(process.env.CONFORMANCE_RUNS ?? '')
  return Number.isInteger(given) && given > 0 ? given : usual
}
