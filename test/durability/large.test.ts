/**
 * 100,000 rows at once: a batch whose client goes away in the middle is stopped and leaves nothing half-written; a list streams in little
 * memory, also to a client that stops reading, and its query ends with its client.
 */
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { type Engine, engines, type Rig, rig, series, until } from './rig.ts'

const many = 100_000
const mebibyte = 1024 * 1024
/** Above an idle process. */
const allowed = 200 * mebibyte
/** All rows together are more than that. */
const note = 'x'.repeat(2_200)
const listed = Array.from({ length: many }, (_, i) => JSON.stringify({ id: i + 1, name: 'a name', note }).length)
const listedBytes = '{"resource":[]}'.length + many - 1 + listed.reduce((sum, each) => sum + each, 0)

const all = await engines()
after(async () => {
  for (const engine of all) await engine.stop()
})

/** From this number on the database waits, so that the batch is in its middle for as long as it is looked at. */
const middle = 20_000
const batch = JSON.stringify({
  resource: Array.from({ length: many }, (_, i) => ({
    id: i + 1,
    name: `number ${i + 1}`,
    note: 'as short as a note is',
  })),
})
/** SQLite has no locks of rows: a trigger takes longer than anybody waits, so the last rows never come. */
const slowly = `create trigger slowly before insert on lot when new.id >= ${middle} begin
  select count(*) from ${series.sqlite('1', '50000')} where n % 7 = new.id % 7; end`
const inTheWay = (engine: Engine): Promise<() => Promise<void>> =>
  engine.type === 'sqlite'
    ? Promise.resolve(async () => {})
    : engine.hold(`insert into lot values (${middle}, 'in the way', null)`)

for (const engine of all) {
  describe(engine.name, { skip: engine.skip }, () => {
    let it: Rig
    before(async () => {
      await engine.run('create table lot (id integer primary key, name varchar(40) not null, note varchar(80))')
      if (engine.type === 'sqlite') await engine.run(slowly)
      await engine.run('create table wide (id integer primary key, name varchar(40), note varchar(2400))')
      await engine.run(`insert into wide select n, 'a name', '${note}' from ${series[engine.type]('1', String(many))}`)
      it = await rig([engine], { max_records: many })
      for (const each of ['lot', 'wide']) assert.equal((await it.ask(engine, 'GET', `${each}?limit=1`)).status, 200)
    })
    after(() => it?.stop())

    test('a list of 100,000 rows to a client that stops reading in between', async () => {
      const idle = it.server.memory()
      it.server.measure()
      const body = await it.send(engine, 'GET', `wide?limit=${many}`).answer
      const first = await new Promise<Buffer>((resolve) => body.once('data', resolve))
      body.pause()
      // The server goes on with others meanwhile, and fills no memory with what nobody takes.
      for (let i = 0; i < 50; i++) assert.equal((await it.ask(engine, 'GET', 'wide/7?fields=id')).status, 200)
      assert.equal(first.length + (await bytesOf(body)), listedBytes)

      const memory = it.server.memory()
      if (idle === null || memory === null) return
      const above = memory.peak - idle.now
      assert.ok(above < allowed, `${Math.round(above / mebibyte)} MiB above idle`)
    })

    test('a client that goes away in the middle of a list ends its query', async () => {
      const { request, answer } = it.send(engine, 'GET', `wide?limit=${many}`)
      const body = await answer
      body.on('error', () => {})
      await new Promise((resolve) => body.once('data', resolve))
      body.pause()
      request.destroy()
      await until(async () => (await engine.running()) === 0, 'nothing runs')
      assert.equal((await it.ask(engine, 'GET', 'wide/7?fields=id')).status, 200)
    })

    for (const query of ['?rollback=true', '', '?continue=true']) {
      test(`the client of a batch of 100,000 rows goes away${query && `, ${query.slice(1)}`}`, async () => {
        const release = await inTheWay(engine)
        const { request } = it.send(engine, 'POST', `lot${query}`, batch)
        await until(
          async () => ((await engine.waiting()) ?? (await engine.running())) === 1,
          'the batch is in the database',
        )
        assert.equal((await it.ask(engine, 'GET', 'wide/7?fields=id')).status, 200, 'others are served meanwhile')
        request.destroy()
        try {
          // It is not run to its end: what it waits for is still in its way.
          await until(async () => (await engine.running()) === 0, 'the batch is stopped')
        } finally {
          await release()
        }
        const left = (await engine.run('select id from lot order by id')).map(([id]) => Number(id))
        if (query === '?rollback=true') assert.deepEqual(left, [])
        assert.ok(left.length < middle, `${left.length} rows`)
        assert.ok(
          left.every((id, i) => id === i + 1),
          'what is left are the first ones',
        )
        await engine.run('delete from lot')
        const again = await it.ask(engine, 'POST', `lot${query}`, { resource: [{ id: 1, name: 'one' }] })
        assert.equal(again.status, 201, JSON.stringify(again.body))
        await engine.run('delete from lot')
      })
    }
  })
}

async function bytesOf(body: IncomingMessage): Promise<number> {
  let bytes = 0
  for await (const chunk of body) bytes += chunk.length
  return bytes
}
