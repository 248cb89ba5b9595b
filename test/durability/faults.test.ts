/**
 * What the users of a service see when its database fails: killed under load, connections cut in the middle of a transaction, none free.
 * (A kill of this server over SQLite is in kill.test.ts.)
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, type Engine, engines, type Rig, rig, until } from './rig.ts'

const all = await engines()
let it: Rig
before(async () => {
  for (const engine of all.filter(({ skip }) => skip === false)) {
    for (const name of ['loaded', 'half', 'taken'])
      await engine.run(`create table ${name} (id integer primary key, name varchar(40) not null)`)
  }
  // Few connections, and a short wait for one.
  it = await rig(all, { options: { pool_size: 4, pool_timeout: 1 } })
})
after(async () => {
  await it?.stop()
  for (const engine of all) await engine.stop()
})

const lost = 'The connection to the database was lost. Try again.'
const inUse = 'All connections to the database are in use. Try again.'
/** Nothing of where the database is, or how it is entered. */
const secrets = /127\.0\.0\.1|localhost|secret|rig\b|password|\/tmp|\d{5}|select|insert/i

/** An envelope that tells nothing it should not. */
function isUnavailable({ status, body }: Answer): void {
  const { error } = body as { readonly error?: { readonly code: number; readonly message: string } }
  assert.equal(status, 503, JSON.stringify(body))
  assert.equal(error?.code, 503)
  assert.doesNotMatch(JSON.stringify(body), secrets)
}
const messageOf = ({ body }: Answer): string => (body as { readonly error: { readonly message: string } }).error.message

const numbers = async (engine: Engine, table: string): Promise<readonly number[]> =>
  (await engine.run(`select id from ${table} order by id`)).map(([id]) => Number(id))
const records = (...ids: readonly number[]): object => ({ resource: ids.map((id) => ({ id, name: `number ${id}` })) })

for (const engine of all) {
  describe(engine.name, { skip: engine.skip }, () => {
    test('the database is killed under load and started again', {
      skip: engine.restart === null && 'there is no server of ours to kill',
    }, async () => {
      assert.ok(engine.restart)
      // What was committed must outlive a killed server here.
      if (engine.type === 'mysql') await engine.run('set global innodb_flush_log_at_trx_commit = 1')
      const written = new Set<number>()
      const refused: Answer[] = []
      let next = 0
      let ended = false
      const writer = async (): Promise<void> => {
        while (!ended) {
          const id = ++next * 2
          const answer = await it.ask(engine, 'POST', 'loaded?rollback=true', records(id, id + 1))
          if (answer.status === 201) written.add(id).add(id + 1)
          else refused.push(answer)
        }
      }
      const writers = Array.from({ length: 12 }, writer)
      await until(() => written.size > 200, 'writes')
      await engine.restart()
      const before = written.size
      await until(() => written.size > before + 100, 'writes after the server is back', 5_000)
      ended = true
      await Promise.all(writers)
      for (const answer of refused) isUnavailable(answer)
      const there = await numbers(engine, 'loaded')
      const known = new Set(there)
      assert.deepEqual(
        [...written].filter((id) => !known.has(id)),
        [],
        'every answered write is there',
      )
      assert.deepEqual(
        there.filter((id) => !known.has(id % 2 === 0 ? id + 1 : id - 1)),
        [],
        'no batch is there in part',
      )
    })

    test('connections are cut in the middle of a transaction', {
      skip: engine.cut === null && 'it has no connections that can be cut',
    }, async () => {
      assert.ok(engine.cut)
      for (const query of ['', '?rollback=true', '?continue=true']) {
        const release = await engine.hold("insert into half values (4, 'in the way')")
        const asked = it.ask(engine, 'POST', `half${query}`, records(1, 2, 3, 4, 5))
        await until(async () => (await engine.waiting()) === 1, 'the batch waits for the other transaction')
        await engine.cut()
        const answer = await asked
        isUnavailable(answer)
        assert.equal(messageOf(answer), lost)
        await release()
        assert.deepEqual(await numbers(engine, 'half'), [])
        const again = await it.ask(engine, 'POST', `half${query}`, records(1, 2))
        assert.equal(again.status, 201, JSON.stringify(again.body))
        await it.ask(engine, 'DELETE', 'half?ids=1,2')
      }
    })

    test('no connection is free', async () => {
      assert.equal((await it.ask(engine, 'POST', 'taken', records(1))).status, 201)
      const release = await engine.hold("insert into taken values (2, 'in the way')")
      const answers: Answer[] = []
      const asked = Array.from({ length: 30 }, async () => {
        answers.push(await it.ask(engine, 'POST', 'taken', records(2)))
      })
      // Those that have no connection are answered while the others still wait for the lock; on SQLite that wait ends as well.
      await until(() => answers.length >= 25, 'answers of those who wait')
      for (const answer of answers) isUnavailable(answer)
      assert.ok(answers.filter((answer) => messageOf(answer) === inUse).length >= 25)
      await release()
      await Promise.all(asked)
      assert.equal(answers.length, 30)
      assert.ok(answers.filter(({ status }) => status === 201).length <= 1)
      const list = await it.ask(engine, 'GET', 'taken?fields=id&filter=id%20%3C%202')
      assert.deepEqual(list, { status: 200, body: { resource: [{ id: 1 }] } })
      assert.equal((await it.ask(engine, 'POST', 'taken', records(3))).status, 201)
    })
  })
}
