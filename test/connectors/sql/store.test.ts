/** The store over the SQLite connector and a real file: programs, values, sessions, changes of structure. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { Planned, ReadPlan, RecordStore, WritePlan } from 'dataferry/records'
import { type Bind, InternalError, type ServiceHost } from 'dataferry/sdk'
import { sqlStore } from 'dataferry/sql'
import { sqliteConnector } from '../../../connectors/sqlite/connector.ts'
import { at, author, book, booksOfAuthor, col, eq, reads, schema, shown, value } from './tables.ts'

const signal = new AbortController().signal
const budget = { bytes: 1_000_000, rows: 1_000 }
const planned = <P>(plan: P, binds: readonly Bind[] = [], shape = JSON.stringify(plan)): Planned<P> => ({
  plan,
  shape,
  binds,
})

/** What the engine and the connector look at, and nothing else. */
function hostFor(storage: string, logged: string[]): ServiceHost {
  const settings = {
    nodes: { systemDb: null },
    dataDir: storage,
    api: { wrapper: 'rows' },
    sqlite: { storage, readers: 2 },
    records: { statementTimeoutMs: 10_000 },
  }
  const write = (message: string): void => void logged.push(message)
  const log = { debug: write, info: write, warn: write, error: write }
  return { settings, log, service: { id: 1, name: 'library' } } as unknown as ServiceHost
}

function open(t: TestContext, logged: string[] = []): RecordStore {
  const folder = mkdtempSync(join(tmpdir(), 'dataferry-store-'))
  const file = join(folder, 'library.db')
  const db = new DatabaseSync(file)
  db.exec(schema)
  db.exec("insert into author (id, name, email) values (1, 'Ann', 'a'), (2, 'Bo', 'b'), (9007199254740993, 'Cy', 'c')")
  db.exec("insert into book (id, title, author_id) values (1, 'Dust', 1), (2, 'Ash', 1)")
  db.close()
  const store = sqlStore(sqliteConnector, { database: file }, hostFor(folder, logged))
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return store
}

const byId = [{ expr: at(author, 'id'), descending: false, nulls: null }]
const names = shown(author, 'id', 'name')
const allRows: ReadPlan = reads(author, names, { order: byId, result: { kind: 'rows' } })
const rename: WritePlan = {
  kind: 'update',
  into: author,
  set: [{ column: col(author, 'name'), expr: value(0) }],
  where: eq(author, 'id', 1),
  key: [],
  returning: shown(author, 'id', 'name'),
}
const add: WritePlan = {
  kind: 'insert',
  into: author,
  set: [
    { column: col(author, 'name'), expr: value(0) },
    { column: col(author, 'email'), expr: value(1) },
  ],
  where: null,
  key: [],
  returning: shown(author, 'name'),
}
const rowsOf = async (store: RecordStore): Promise<readonly unknown[]> => {
  const value = await store.read(planned(allRows)).value(budget, signal)
  assert.ok(Array.isArray(value))
  return value.map((row: { name: string }) => row.name)
}

test('values of each shape', async (t) => {
  const store = open(t)
  const plain = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v)))
  const read = async (plan: ReadPlan, binds: readonly Bind[] = []): Promise<unknown> =>
    plain(await store.read(planned(plan, binds)).value(budget, signal))
  const [ann, bo, cy] = [
    { id: 1, name: 'Ann' },
    { id: 2, name: 'Bo' },
    { id: '9007199254740993n', name: 'Cy' },
  ]
  assert.deepEqual(await read(allRows), [ann, bo, cy])
  assert.deepEqual(
    await read(
      reads(author, names, { order: byId, limit: 0, result: { kind: 'list', count: 'also', schema: null } }),
      [2],
    ),
    {
      rows: [ann, bo],
      meta: { count: 3, next: 2 },
    },
  )
  assert.deepEqual(
    await read(reads(author, names, { where: eq(author, 'id', 0), result: { kind: 'record', missing: 1 } }), [2, 'no']),
    bo,
  )
  assert.equal(await read(reads(author, [], { result: { kind: 'count' } })), 3)
})

test('weights', (t) => {
  const store = open(t)
  const weight = (plan: ReadPlan, binds: readonly Bind[] = []): string => store.read(planned(plan, binds)).weight
  const record = { where: eq(author, 'id', 0), result: { kind: 'record', missing: 1 } } as const
  assert.equal(weight(reads(author, names, record)), 'point')
  assert.equal(weight(reads(author, names, { ...record, related: [booksOfAuthor()] })), 'page')
  assert.equal(weight(reads(author, names, { limit: 0 }), [25]), 'page')
  assert.equal(weight(reads(author, names, { limit: 0 }), [1001]), 'bulk')
  assert.equal(weight(allRows), 'bulk')
})

test('a missing record, a result over the budget', async (t) => {
  const store = open(t)
  const gone = reads(author, names, { where: eq(author, 'id', 0), result: { kind: 'record', missing: 1 } })
  await assert.rejects(store.read(planned(gone, [77, 'gone'])).value(budget, signal), { status: 404, message: 'gone' })
  await assert.rejects(store.read(planned(allRows)).value({ bytes: 20, rows: 10 }, signal), InternalError)
  await assert.rejects(store.read(planned(allRows)).value({ bytes: 1000, rows: 2 }, signal), InternalError)
})

test('a session commits, sees its own writes, and answers what was asked to be returned', async (t) => {
  const store = open(t)
  const answered = await store.write(async (session) => {
    const outcomes = await session.run(
      planned(rename),
      [
        ['Anna', 1],
        ['Bob', 2],
        ['Nobody', 3],
      ],
      'halt',
    )
    const seen = await session.rows(planned(allRows))
    return { outcomes: JSON.parse(JSON.stringify(outcomes)), seen: seen.map((row) => row.name) }
  }, signal)
  assert.deepEqual(answered, {
    outcomes: [
      { ok: true, affected: 1, rows: [{ id: 1, name: 'Anna' }] },
      { ok: true, affected: 1, rows: [{ id: 2, name: 'Bob' }] },
      { ok: true, affected: 0, rows: [] },
    ],
    seen: ['Anna', 'Bob', 'Cy'],
  })
  assert.deepEqual(await rowsOf(store), ['Anna', 'Bob', 'Cy'])
})

test('a session that throws leaves nothing', async (t) => {
  const store = open(t)
  const failed = store.write(async (session) => {
    await session.run(planned(rename), [['Anna', 1]], 'halt')
    throw new Error('on purpose')
  }, signal)
  await assert.rejects(failed, /on purpose/)
  assert.deepEqual(await rowsOf(store), ['Ann', 'Bo', 'Cy'])
})

test('savepoints undo their own writes, nested ones too', async (t) => {
  const store = open(t)
  await store.write(async (session) => {
    await session.run(planned(rename), [['kept', 1]], 'halt')
    const undone = session.savepoint(async () => {
      await session.savepoint(async () => void (await session.run(planned(rename), [['inner', 2]], 'halt')))
      throw new Error('undo')
    })
    await assert.rejects(undone, /undo/)
    await session.savepoint(async () => void (await session.run(planned(add), [['new', 'n']], 'halt')))
  }, signal)
  assert.deepEqual(await rowsOf(store), ['kept', 'Bo', 'Cy', 'new'])
})

test('halt ends with the first failure, continue goes on; a failure spoils nothing else', async (t) => {
  const store = open(t)
  const rows = [
    ['one', 'x'],
    ['two', 'x'],
    ['three', 'y'],
  ]
  for (const [mode, oks] of [
    ['halt', [true, false]],
    ['continue', [true, false, true]],
  ] as const) {
    const outcomes = await store.write(async (session) => {
      const made = await session.run(
        planned(add),
        rows.map((row) => [`${row[0]} ${mode}`, `${row[1]} ${mode}`]),
        mode,
      )
      return made.map((outcome) => outcome.ok)
    }, signal)
    assert.deepEqual(outcomes, oks)
  }
})

test('the structure changes in the transaction, and the catalog knows after it', async (t) => {
  const store = open(t)
  assert.equal(await store.catalog.table('shelf'), null)
  await store.write(async (session) => {
    await session.change({
      kind: 'create-table',
      name: 'shelf',
      columns: [
        { name: 'id', type: 'id' },
        { name: 'label', type: 'string', length: 20 },
      ],
      indexes: [['label']],
    })
  }, signal)
  const shelf = await store.catalog.table('shelf')
  assert.deepEqual(
    shelf?.columns.map(({ name, type }) => [name, type]),
    [
      ['id', 'id'],
      ['label', 'string'],
    ],
  )
  const failed = store.write(async (session) => {
    await session.change({ kind: 'drop-table', name: 'shelf' })
    throw new Error('on purpose')
  }, signal)
  await assert.rejects(failed, /on purpose/)
  assert.notEqual(await store.catalog.table('shelf'), null)
})

test('a change of our own is not taken for one from outside, and the catalog is read anew once', async (t) => {
  const logged: string[] = []
  const store = open(t, logged)
  assert.equal(
    (await store.catalog.list()).some(({ name }) => name === 'shelf'),
    false,
  )
  const { epoch } = store.catalog
  await store.write(async (session) => {
    await session.change({ kind: 'create-table', name: 'shelf', columns: [{ name: 'id', type: 'id' }] })
  }, signal)
  assert.equal(
    (await store.catalog.list()).some(({ name }) => name === 'shelf'),
    true,
  )
  assert.equal(store.catalog.epoch, epoch + 1)
  await store.write((session) => session.savepoint(async () => void (await session.rows(planned(allRows)))), signal)
  await store.catalog.list()
  assert.equal(store.catalog.epoch, epoch + 1)
  assert.deepEqual(logged, [])
  const failed = store.write(async (session) => {
    await session.change({ kind: 'drop-table', name: 'shelf' })
    throw new Error('on purpose')
  }, signal)
  await assert.rejects(failed, /on purpose/)
  assert.equal(store.catalog.epoch, epoch + 2, 'some databases have made it all the same')
})

test('programs are kept by shape, and made anew after a change of the catalog', async (t) => {
  const store = open(t)
  const two = reads(book, shown(book, 'id', 'title'), {
    result: { kind: 'rows' },
    order: [{ expr: at(book, 'id'), descending: false, nulls: null }],
  })
  const one = reads(book, shown(book, 'id'), { result: { kind: 'rows' }, limit: null })
  const read = async (plan: ReadPlan): Promise<string> =>
    JSON.stringify(await store.read(planned(plan, [], 'same shape')).value(budget, signal))
  const first = await read(two)
  assert.equal(await read(one), first, 'the shape is the key')
  store.catalog.refresh()
  assert.equal(await read(one), '[{"id":1},{"id":2}]')
})
