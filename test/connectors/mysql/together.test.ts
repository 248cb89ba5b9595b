/** Records by key in flight together on one connection: each has its own answer, and what happens to one happens to no other. */
import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import type { WireColumn } from 'dataferry/sql'
import { MysqlConnection } from '../../../connectors/mysql/connection.ts'
import { ConnectionLost, ServerFault, Stopped } from '../../../connectors/mysql/faults.ts'
import { readSettings } from '../../../connectors/mysql/settings.ts'
import { mysql } from '../../support/databases.ts'
import { arrange, configOf, host, isMariadb, numbers } from './database.ts'

const { database, skip: missing } = await mysql()
after(() => database?.stop())
const skip = database !== null && !(await isMariadb(database)) ? 'MariaDB alone is asked so' : missing

const items = `create table item (id int primary key, note text); insert into item select seq, concat('note ', seq) from ${numbers(2_000)}`
const columns: readonly WireColumn[] = ['id', 'note'].map((as) => ({ as, type: 'string', dbType: 'x', hidden: false }))
const byId = 'select id, note from item where id = ?'

/** The one row; null: there was none. */
async function rowOf(connection: MysqlConnection, text: string, value: string | number): Promise<unknown> {
  let found: unknown = null
  const rows = connection.one(text, [value], columns)
  const pulled = rows.pull((row) => {
    found = [row.bind(0), row.bind(1)]
    return false
  })
  assert.equal(typeof pulled === 'boolean' ? pulled : await pulled, false)
  assert.ok(rows.done)
  return found
}

describe('records together', { skip }, () => {
  it('are asked for at once, and each is the one asked for', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, items)
    // The connection of the first is alone, as long as it is not known what kind of server it is.
    await service.ask({ path: '_table/item/1' })
    const ids = Array.from({ length: 400 }, (_, i) => i * 6 + 1)
    const answers = await Promise.all(ids.map((id) => service.ask({ path: `_table/item/${id}` })))
    for (const [at, id] of ids.entries()) {
      if (id > 2_000) assert.equal(answers[at]?.status, 404)
      else assert.deepEqual(answers[at], { status: 200, body: { id, note: `note ${id}` } })
    }
    // One that is opened because all have much to do may come too late to be of use.
    assert.ok(service.runner.connections <= 10)
    assert.equal(service.runner.pooled().idle, service.runner.pooled().open)
  })

  it('beside lists, writes and transactions', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, items, { config: { options: { pool_size: 3 } } })
    await service.ask({ path: '_table/item/1' })
    const asked = Array.from({ length: 120 }, async (_, i) => {
      if (i % 4 === 1) return service.ask({ path: '_table/item?limit=500' })
      if (i % 4 === 2) return service.ask({ verb: 'PATCH', path: `_table/item/${i}`, body: { note: `changed ${i}` } })
      if (i % 4 === 3)
        return service.ask({
          verb: 'POST',
          path: '_table/item',
          body: { resource: [{ id: 5_000 + i }, { id: 6_000 + i }] },
        })
      return service.ask({ path: `_table/item/${i + 1}` })
    })
    for (const [i, { status }] of (await Promise.all(asked)).entries()) assert.equal(status, i % 4 === 3 ? 201 : 200)
    assert.ok(service.runner.connections <= 3)
  })

  it('of which one fails', async (t) => {
    assert.ok(database)
    const connection = await opened(t)
    const failing = 'select id, (select note from item where id >= ?) from item limit 1'
    const asked = Array.from({ length: 40 }, (_, i) =>
      i % 5 === 2
        ? rowOf(connection, failing, i)
        : i % 5 === 3
          ? rowOf(connection, 'select ?', i)
          : rowOf(connection, byId, i),
    )
    for (const [i, settled] of (await Promise.allSettled(asked)).entries()) {
      if (i % 5 === 2) assert.ok(settled.status === 'rejected' && (settled.reason as ServerFault).number === 1242)
      else if (i === 0) assert.deepEqual(settled, { status: 'fulfilled', value: null })
      else assert.deepEqual(settled, { status: 'fulfilled', value: i % 5 === 3 ? [i, null] : [i, `note ${i}`] })
    }
  })

  it('of statements that can not be prepared, and of many that can', async (t) => {
    const connection = await opened(t)
    const known = rowOf(connection, byId, 1)
    await assert.rejects(rowOf(connection, 'select nothing from item where id = ?', 1), ServerFault)
    assert.deepEqual(await known, [1, 'note 1'])
    // More than are kept: the first are prepared anew.
    for (let round = 0; round < 2; round++) {
      const asked = Array.from({ length: 300 }, (_, i) =>
        rowOf(connection, `select id, ${i} from item where id = ?`, 7),
      )
      assert.deepEqual(
        await Promise.all(asked),
        Array.from({ length: 300 }, (_, i) => [7, i]),
      )
    }
    assert.deepEqual(await rowOf(connection, byId, 2), [2, 'note 2'])
  })

  it('of any size', async (t) => {
    const connection = await opened(t)
    const asked = Array.from({ length: 30 }, (_, i) => {
      const text = 'x'.repeat(i % 3 === 0 ? 300_000 : 10)
      return rowOf(connection, 'select length(v), v from (select ? as v) t', text)
    })
    for (const [i, row] of (await Promise.all(asked)).entries()) {
      const length = i % 3 === 0 ? 300_000 : 10
      assert.ok(Array.isArray(row) && row[0] === length && row[1] === 'x'.repeat(length))
    }
  })

  it('that are not written when the connection is cut are asked for again', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, items)
    await service.ask({ path: '_table/item/1' })
    const asked = Array.from({ length: 20 }, (_, i) => service.ask({ path: `_table/item/${i + 1}` }))
    const { direct, name } = service
    const ids = await direct.run(
      `select id from information_schema.processlist where db = '${name}' and id <> connection_id()`,
    )
    for (const [id] of ids) await direct.run(`kill connection ${id}`).catch(() => {})
    for (const { status } of await Promise.all(asked)) assert.equal(status, 200)
    assert.equal((await service.ask({ path: '_table/item/3' })).status, 200)
  })

  it('on a connection that is cut or given up', async (t) => {
    for (const how of ['cut', 'given up'] as const) {
      const connection = await opened(t)
      const asked = ['select sleep(20), ?', byId, byId].map((text) => rowOf(connection, text, 1))
      const settled = Promise.allSettled(asked)
      if (how === 'cut') connection.destroy()
      else await connection.stop()
      for (const outcome of await settled)
        assert.ok(outcome.status === 'rejected' && outcome.reason instanceof (how === 'cut' ? ConnectionLost : Stopped))
      assert.ok(connection.spent)
      await assert.rejects(rowOf(connection, byId, 1), ConnectionLost)
    }
  })

  it('not where they are not to be', async (t) => {
    assert.ok(database)
    const { name } = await arrange(t, database, items)
    for (const pipelining of [false, 'off', true] as const) {
      const config = configOf(database, { database: name, options: { pipelining } })
      const connection = await MysqlConnection.open(readSettings(config, host()), null)
      assert.equal(connection.shares, pipelining === true)
      connection.end()
    }
  })

  it('whose server says nothing any more', async (t) => {
    assert.ok(database)
    const { name } = await arrange(t, database, items)
    const config = configOf(database, { database: name, statements: ['set session max_statement_time = 0'] })
    const connection = await MysqlConnection.open(readSettings(config, host({ DF_STATEMENT_TIMEOUT: '1' })), null)
    t.after(() => connection.destroy())
    await assert.rejects(rowOf(connection, 'select sleep(60), ?', 1), Stopped)
    assert.ok(connection.spent)
  })
})

async function opened(t: TestContext): Promise<MysqlConnection> {
  assert.ok(database)
  const { name } = await arrange(t, database, items)
  const connection = await MysqlConnection.open(readSettings(configOf(database, { database: name }), host()), null)
  t.after(() => connection.destroy())
  assert.ok(connection.shares)
  return connection
}
