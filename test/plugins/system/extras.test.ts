/** What is kept of services' tables beyond their databases (data-plane 5.6, 6.4). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldExtras, VirtualRelation } from 'dataferry/sdk'
import { StoredExtras } from '../../../plugins/system/schema/extras.ts'
import { migrate } from '../../../plugins/system/store/migrate.ts'
import { RecordTables } from '../../../plugins/system/store/record-tables.ts'
import { folder, log, signal, storeIn } from './store.ts'

const field: FieldExtras = {
  table: 'Book',
  field: 'Title',
  alias: 'name',
  label: 'Name',
  description: null,
  extraType: null,
  picklist: ['a', 'b'],
  validation: { not_empty: [] },
  clientInfo: { width: 3 },
  dbFunction: [{ use: ['SELECT'], function: 'upper({value})' }],
  isVirtual: false,
  isAggregate: false,
}
const virtual: VirtualRelation = {
  table: 'Book',
  name: 'tag_by_id',
  type: 'has_many',
  field: 'id',
  refServiceId: 6,
  refTable: 'tag',
  refField: 'id',
  onUpdate: null,
  onDelete: 'CASCADE',
  junctionServiceId: null,
  junctionTable: null,
  junctionField: null,
  junctionRefField: null,
}
const relation = {
  table: 'Book',
  relation: 'tag_by_id',
  alias: 'tags',
  label: null,
  description: null,
  alwaysFetch: true,
}
const table = { table: 'Book', alias: 'books', label: null, plural: null, description: 'all', nameField: 'title' }

test('extras are kept whole, by service, and replaced in any case of their names', async (t) => {
  const store = storeIn(t, folder(t))
  await migrate(store, log, signal)
  const tables = new RecordTables(store, signal)
  const extras = new StoredExtras(tables, log)
  const nothing = { tables: [], fields: [], relations: [], virtual: [] }

  await t.test('at first there is nothing', async () => assert.deepEqual(await extras.of(5), nothing))
  await t.test('all kinds', async () => {
    await extras.change(5, [
      { kind: 'table', extras: table },
      { kind: 'field', extras: field },
      { kind: 'relation', extras: relation },
      { kind: 'virtual', relation: virtual },
    ])
    const kept = await extras.of(5)
    assert.deepEqual(kept.tables, [table])
    assert.deepEqual(JSON.parse(JSON.stringify(kept.fields)), [field])
    assert.deepEqual(kept.relations, [relation])
    assert.deepEqual(kept.virtual, [virtual])
    assert.deepEqual(await extras.of(6), nothing)
  })
  await t.test('a later one takes the place of an earlier one', async () => {
    await extras.change(5, [{ kind: 'field', extras: { ...field, table: 'book', field: 'TITLE', alias: null } }])
    assert.deepEqual(
      (await extras.of(5)).fields.map((each) => [each.field, each.alias]),
      [['TITLE', null]],
    )
  })
  await t.test('all or none', async () => {
    const bad = { ...virtual, refTable: null as unknown as string }
    await assert.rejects(
      extras.change(5, [
        { kind: 'forget-field', table: 'book', field: 'title' },
        { kind: 'virtual', relation: bad },
      ]),
    )
    assert.equal((await extras.of(5)).fields.length, 1)
  })
  await t.test('a relation goes with its extras', async () => {
    await extras.change(5, [{ kind: 'forget-relation', table: 'BOOK', relation: 'TAG_by_id' }])
    const { relations, virtual: left } = await extras.of(5)
    assert.deepEqual([relations, left], [[], []])
  })
  await t.test('a table goes with all of it', async () => {
    await extras.change(5, [{ kind: 'forget-table', table: 'book' }])
    assert.deepEqual(await extras.of(5), nothing)
  })
  await t.test('a service goes with all of its own', async () => {
    await extras.change(5, [{ kind: 'table', extras: table }])
    await tables.transaction((tx) => tx.remove('service', { id: 5 }))
    assert.deepEqual(await extras.of(5), nothing)
  })
})
