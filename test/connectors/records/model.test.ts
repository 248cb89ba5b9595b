/** Models: hooks around writes, presented rows, and children that come with a record (control-plane 4.1). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApiError, BadRequest, type Json } from 'dataferry/sdk'
import { type Asked, company, plain, requestFor, tableNamed } from './company.ts'
import {
  type Change,
  defaultRules,
  handleRecords,
  type RecordModel,
  type RecordTarget,
  viewOfEverything,
} from './exports.ts'
import { MemoryStore } from './memory-store.ts'

type Models = { readonly [table: string]: RecordModel }

interface Answer {
  readonly status: number
  readonly body: Json
}

async function ask(store: MemoryStore, models: Models, { path, ...rest }: Asked): Promise<Answer> {
  const request = requestFor({ ...rest, path })
  const [name = '', id = null] = request.path
  const target: RecordTarget = {
    store,
    view: viewOfEverything(tableNamed(name), request.caller),
    id,
    rules: { ...defaultRules, writesRelated: false, keyOrder: true },
    serviceId: null,
    viewOf: (table) => viewOfEverything(table, request.caller),
    modelOf: (table) => models[table.name] ?? null,
  }
  // Lists find their table in the catalog's cache, as they do behind a service.
  await store.catalog.table(name)
  const signal = new AbortController().signal
  const { status, body } = await handleRecords(target, request, signal)
  if (body.kind === 'value') return { status, body: plain(body.value) }
  if (body.kind !== 'rows') throw new Error('no body')
  return { status, body: plain(await body.rows.value({ bytes: 1e6, rows: 1e3 }, signal)) }
}

const stored = (store: MemoryStore, table: string): Json => plain(store.rowsOf(table))

/** Writes down what the hooks were called with. */
function recording(calls: string[], more: Partial<RecordModel> = {}): RecordModel {
  const note = (hook: string, { kind, key, record }: Change): void => {
    calls.push(`${hook} ${kind} ${JSON.stringify(key)} ${JSON.stringify(record)}`)
  }
  return {
    prepare: (change) => {
      note('prepare', change)
      return { ...change.record, name: `${String(change.record.name)}!` }
    },
    check: async (_session, change) => note('check', change),
    audit: async (_session, change) => note('audit', change),
    committed: (changes) => {
      for (const change of changes) note('committed', change)
    },
    ...more,
  }
}

describe('hooks', () => {
  const cases: readonly (Asked & { readonly name: string; readonly calls: readonly string[] })[] = [
    {
      name: 'create',
      verb: 'POST',
      path: 'supplies',
      body: [{ name: 'A' }],
      calls: [
        'prepare insert null {"name":"A"}',
        'check insert null {"name":"A!"}',
        'audit insert {"id":4} {"name":"A!"}',
        'committed insert {"id":4} {"name":"A!"}',
      ],
    },
    {
      name: 'update by id',
      verb: 'PATCH',
      path: 'supplies/2',
      body: { name: 'A' },
      calls: [
        'prepare update {"id":2} {"name":"A"}',
        'check update {"id":2} {"name":"A!"}',
        'audit update {"id":2} {"name":"A!"}',
        'committed update {"id":2} {"name":"A!"}',
      ],
    },
    {
      name: 'a filter goes record by record',
      verb: 'DELETE',
      path: 'supplies?filter=id > 1',
      calls: [
        'check delete {"id":2} {}',
        'audit delete {"id":2} {}',
        'check delete {"id":3} {}',
        'audit delete {"id":3} {}',
        'committed delete {"id":2} {}',
        'committed delete {"id":3} {}',
      ],
    },
  ]
  for (const { name, calls: expected, ...asked } of cases) {
    it(name, async () => {
      const calls: string[] = []
      await ask(new MemoryStore(company()), { supplies: recording(calls) }, asked)
      assert.deepEqual(calls, expected)
    })
  }

  const refusing: RecordModel = {
    audit: async (_session, { record }) => {
      if (record.name === 'bad') throw new BadRequest('No.')
    },
  }
  const records = [{ name: 'a' }, { name: 'bad' }, { name: 'c' }]
  const outcomes: readonly (readonly [mode: string, kept: readonly string[]])[] = [
    ['', ['a']],
    ['?continue=true', ['a', 'c']],
    ['?rollback=true', []],
  ]
  for (const [mode, kept] of outcomes) {
    it(`what audit refuses leaves nothing behind: ${mode || 'halt'}`, async () => {
      const committed: Json[] = []
      const model = {
        ...refusing,
        committed: (all: readonly Change[]) => void committed.push(...all.map((each) => each.record.name ?? null)),
      }
      const store = new MemoryStore(company())
      await assert.rejects(
        ask(store, { supplies: model }, { verb: 'POST', path: `supplies${mode}`, body: records }),
        ApiError,
      )
      assert.deepEqual(
        store
          .rowsOf('supplies')
          .slice(3)
          .map((row) => row.name),
        kept,
      )
      assert.deepEqual(committed, kept)
    })
  }
})

describe('presented rows', () => {
  const model: RecordModel = {
    needs: ['gender', 'hired'],
    present: (row) => ({ ...row, woman: row.gender === 'F' }),
  }
  const cases: readonly (Asked & { readonly name: string; readonly shows: Json })[] = [
    {
      name: 'by id, without what was not asked for',
      path: 'employees/1?fields=emp_no',
      shows: { emp_no: 1, woman: true },
    },
    {
      name: 'in lists, in the order of the key, with what was',
      path: 'employees?fields=gender&limit=2&include_count=true',
      shows: {
        resource: [
          { gender: 'F', woman: true },
          { gender: 'M', woman: false },
        ],
        meta: { count: 4, next: 2 },
      },
    },
    { name: 'by ids', path: 'employees?ids=2&fields=emp_no', shows: { resource: [{ emp_no: 2, woman: false }] } },
    {
      name: 'as related rows',
      path: 'dept_emp/(1,d001)?fields=dept_no&related=employees_by_emp_no&employees_by_emp_no.fields=emp_no',
      shows: { dept_no: 'd001', emp_no: 1, employees_by_emp_no: { emp_no: 1, woman: true } },
    },
    {
      name: 'after a write',
      verb: 'PATCH',
      path: 'employees/2?fields=emp_no',
      body: { gender: 'F' },
      shows: { emp_no: 2, woman: true },
    },
    {
      name: 'not where a write shows the key alone',
      verb: 'PATCH',
      path: 'employees/2',
      body: { gender: 'F' },
      shows: { emp_no: 2 },
    },
    { name: 'counts need none', path: 'employees?count_only=true', shows: 4 },
  ]
  for (const { name, shows, ...asked } of cases) {
    it(name, async () => {
      assert.deepEqual((await ask(new MemoryStore(company()), { employees: model }, asked)).body, shows)
    })
  }
})

describe('children that come with a record', () => {
  const models: Models = {
    supplies: { nested: new Map([['locations_by_supply_id', { naturalKey: ['name'] }]]) },
  }
  interface Nested extends Asked {
    readonly name: string
    readonly locations?: Json
    readonly fails?: { readonly status: number; readonly message: string }
  }
  const front = { id: 1, supply_id: 1, name: 'Front Desk' }
  const room = { id: 2, supply_id: 1, name: 'Room 101' }
  const closet = { id: 3, supply_id: 2, name: 'Broom Closet' }
  const cases: readonly Nested[] = [
    {
      name: 'a new parent',
      verb: 'POST',
      path: 'supplies',
      body: [{ name: 'Mop', locations_by_supply_id: [{ name: 'X' }, { name: 'Y' }] }],
      locations: [front, room, closet, { id: 4, supply_id: 4, name: 'X' }, { id: 5, supply_id: 4, name: 'Y' }],
    },
    {
      name: 'with an id: updated, and brought to this parent',
      verb: 'PATCH',
      path: 'supplies/1',
      body: { locations_by_supply_id: [{ id: 3, name: 'Closet' }] },
      locations: [front, room, { id: 3, supply_id: 1, name: 'Closet' }],
    },
    {
      name: 'moved to another parent',
      verb: 'PATCH',
      path: 'supplies/1',
      body: { locations_by_supply_id: [{ id: 2, supply_id: 3 }] },
      locations: [front, { ...room, supply_id: 3 }, closet],
    },
    {
      name: 'without an id: known by its natural key',
      verb: 'PATCH',
      path: 'supplies/1',
      body: { locations_by_supply_id: [{ name: 'Room 101' }, { name: 'New' }] },
      locations: [front, room, closet, { id: 4, supply_id: 1, name: 'New' }],
    },
    {
      name: 'a foreign key that is null deletes',
      verb: 'PATCH',
      path: 'supplies/1',
      body: { locations_by_supply_id: [{ id: 2, supply_id: null }] },
      locations: [front, closet],
    },
    {
      name: 'but never a child of somebody else',
      verb: 'PATCH',
      path: 'supplies/1',
      body: { locations_by_supply_id: [{ id: 3, supply_id: null }] },
      locations: [front, room, closet],
    },
    {
      name: 'an empty list does nothing',
      verb: 'PATCH',
      path: 'supplies/1',
      body: { name: 'x', locations_by_supply_id: [] },
      locations: [front, room, closet],
    },
    {
      name: 'a failure undoes the parent too',
      verb: 'PATCH',
      path: 'supplies/1',
      body: { name: 'x', locations_by_supply_id: [{ name: 'New' }, { id: 99, name: 'x' }] },
      locations: [front, room, closet],
      fails: { status: 404, message: "Record with identifier '99' not found." },
    },
    {
      name: 'what is no list',
      verb: 'PATCH',
      path: 'supplies/1',
      body: { locations_by_supply_id: 'x' },
      fails: {
        status: 400,
        message: 'Bad data supplied for locations_by_supply_id. Related data must be supplied as array.',
      },
    },
    {
      name: 'a relation that can not be written',
      verb: 'PATCH',
      path: 'departments/d001',
      body: { employees_by_dept_emp: [{ emp_no: 1 }] },
      fails: { status: 501, message: 'Creating related record of relation type "many_many" is not supported.' },
    },
  ]
  for (const { name, locations, fails, ...asked } of cases) {
    it(name, async () => {
      const store = new MemoryStore(company())
      if (fails) await assert.rejects(ask(store, models, asked), fails)
      else await ask(store, models, asked)
      if (locations !== undefined) assert.deepEqual(stored(store, 'locations'), locations)
      if (fails)
        assert.deepEqual(
          store.rowsOf('supplies').map((row) => row.name),
          ['Stapler', 'Broom', 'Whiteboard'],
        )
    })
  }

  it('hooks of the children run, in the same transaction', async () => {
    const calls: string[] = []
    const store = new MemoryStore(company())
    const body = [{ name: 'Mop', locations_by_supply_id: [{ name: 'X' }] }]
    const nested = { ...models, locations: recording(calls) }
    const { body: shown } = await ask(store, nested, { verb: 'POST', path: 'supplies?fields=name&related=*', body })
    assert.deepEqual(shown, {
      resource: [{ name: 'Mop', id: 4, locations_by_supply_id: [{ id: 4, supply_id: 4, name: 'X!' }] }],
    })
    assert.deepEqual(calls, [
      'prepare insert null {"name":"X"}',
      'check insert null {"name":"X!"}',
      'audit insert {"id":4} {"name":"X!"}',
    ])
  })
})
