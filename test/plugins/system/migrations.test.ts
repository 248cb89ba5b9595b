/** The system store from nothing to the present version, and on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lockFolder } from '../../../plugins/system/store/lock.ts'
import { migrate } from '../../../plugins/system/store/migrate.ts'
import { type Migration, migrations } from '../../../plugins/system/store/migrations.ts'
import { RecordTables } from '../../../plugins/system/store/record-tables.ts'
import { folder, log, signal, storeIn } from './store.ts'

test('a fresh store', async (t) => {
  const store = storeIn(t, folder(t))
  await migrate(store, log, signal)
  const tables = new RecordTables(store, signal)

  await t.test('has the built-in services', async () => {
    const rows = await tables.rows('service')
    assert.deepEqual(
      rows.map((row) => [row.id, row.name, row.type, row.is_active, row.mutable, row.deletable, row.created_by_id]),
      [
        [1, 'system', 'system', true, false, false, null],
        [2, 'api_docs', 'swagger', true, false, false, null],
        [3, 'files', 'local_file', true, true, true, null],
        [4, 'logs', 'local_file', true, true, true, null],
        [5, 'db', 'sqlite', true, true, true, null],
        [6, 'email', 'local_email', true, true, true, null],
        [7, 'user', 'user', true, true, false, null],
      ],
    )
  })
  await t.test('has the apps whose keys clients know', async () => {
    const rows = await tables.rows('app')
    assert.deepEqual(
      rows.map((row) => [row.id, row.name, String(row.api_key).slice(0, 8), row.type, row.is_active, row.role_id]),
      [
        [1, 'admin', '6498a8ad', 3, true, null],
        [2, 'api_docs', '36fda24f', 3, true, null],
        [3, 'file_manager', 'b5cb82af', 3, true, null],
      ],
    )
  })
  await t.test('has the email templates with a code and a link', async () => {
    const rows = await tables.rows('email_template')
    assert.deepEqual(
      rows.map((row) => [row.id, row.name]),
      [
        [1, 'User Invite Default'],
        [2, 'User Registration Default'],
        [3, 'Password Reset Default'],
      ],
    )
    for (const row of rows) {
      for (const part of ['{first_name}', '{link}', 'Confirmation Code: {confirm_code}'])
        assert.ok(String(row.body_html).includes(part))
    }
  })
  await t.test('knows its version, and is not touched again', async () => {
    const before = await tables.rows('migration')
    assert.deepEqual(
      before.map((row) => row.version),
      migrations.map((step) => step.version),
    )
    await migrate(store, log, signal)
    assert.deepEqual(await tables.rows('migration'), before)
    assert.equal(await tables.count('service'), 7)
  })
})

test('ids are never used twice', async (t) => {
  const store = storeIn(t, folder(t))
  await migrate(store, log, signal)
  const tables = new RecordTables(store, signal)
  const add = (name: string) =>
    tables.transaction((tx) =>
      tx.insert('role', { name, is_active: true, created_date: 'now', last_modified_date: 'now' }),
    )
  const first = await add('a')
  await tables.transaction((tx) => tx.remove('role', { id: first }))
  assert.equal(await add('b'), first + 1)
})

test('rows go with what they belong to', async (t) => {
  const store = storeIn(t, folder(t))
  await migrate(store, log, signal)
  const tables = new RecordTables(store, signal)
  const stamps = { created_date: 'now', last_modified_date: 'now' }
  await tables.transaction(async (tx) => {
    const role = await tx.insert('role', { name: 'r', ...stamps })
    const user = await tx.insert('user', { name: 'u', email: 'u@x', email_key: 'u@x', ...stamps })
    await tx.insert('role_service_access', { role_id: role, service_id: 5, ...stamps })
    await tx.insert('lookup', { role_id: role, name: 'l', ...stamps })
    await tx.insert('user_to_app_to_role', { user_id: user, app_id: 1, role_id: role })
    await tx.update('app', { id: 2 }, { role_id: role })
  })
  await tables.transaction((tx) => tx.remove('role', { name: 'r' }))
  for (const table of ['role_service_access', 'lookup', 'user_to_app_to_role'])
    assert.equal(await tables.count(table), 0, table)
  assert.equal((await tables.rows('app', { id: 2 }))[0]?.role_id, null)
})

test('a step that fails leaves nothing of itself, and is tried again', async (t) => {
  const store = storeIn(t, folder(t))
  const broken = (fails: boolean): readonly Migration[] => [
    {
      version: 1,
      name: 'a table',
      changes: [
        {
          kind: 'create-table',
          name: 'thing',
          columns: [
            { name: 'id', type: 'id' },
            { name: 'name', type: 'string', length: 9 },
          ],
        },
      ],
    },
    {
      version: 2,
      name: 'rows',
      rows: () => {
        const rows = [{ name: 'a' }, ...(fails ? [{ nonsense: 'b' }] : [{ name: 'b' }])]
        return [{ table: 'thing', rows: rows as { readonly [column: string]: string }[] }]
      },
    },
  ]
  await assert.rejects(migrate(store, log, signal, broken(true)))
  const tables = new RecordTables(store, signal)
  assert.equal(await tables.count('thing'), 0)
  await migrate(store, log, signal, broken(false))
  assert.equal(await tables.count('thing'), 2)
})

test('a store of a newer version is not touched', async (t) => {
  const store = storeIn(t, folder(t))
  await migrate(store, log, signal)
  await assert.rejects(migrate(store, log, signal, migrations.slice(0, 1)), /of version 2, this program knows 1/)
})

test('a folder is locked by one', (t) => {
  const path = folder(t)
  const lock = lockFolder(path)
  assert.throws(
    () => lockFolder(path),
    (error: Error) => error.message.includes(path) && error.message.includes('DF_DATA_DIR'),
  )
  lock.release()
  lockFolder(path).release()
})
