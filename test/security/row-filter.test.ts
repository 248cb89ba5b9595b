/**
 * A role's row filter can't be escaped: some 600 hostile filters, each as list, count, group, order, ids, tunnelled read, relation, update and
 * delete, over tables with a plain filter, an OR filter and a composite key. Every row that comes back and every row that
 * changed is checked against the rule in the database itself.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { Admin } from '../../bench/admin.ts'
import { type Served, serve } from '../../bench/process.ts'
import { attacks } from './attacks.ts'

const folder = mkdtempSync(join(tmpdir(), 'dataferry-filter-'))
const credentials = { email: 'admin@example.com', password: 'a password of some length' }
const filters = attacks(600)

let server: Served
let database: DatabaseSync
let key: string

interface Reply {
  readonly status: number
  readonly body: unknown
}

async function ask(method: string, table: string, query: Record<string, string>, body?: unknown): Promise<Reply> {
  const answer = await fetch(`${server.url}/api/v2/vault/_table/${table}?${new URLSearchParams(query)}`, {
    method,
    headers: { 'X-DreamFactory-API-Key': key, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  assert.ok(answer.status < 500, `${method} ${table} ${JSON.stringify(query)}: ${answer.status} ${text}`)
  // What the client wrote itself may come back in a message; anything else of SQL may not.
  const said = Object.values(query).reduce((left, sent) => left.replaceAll(JSON.stringify(sent).slice(1, -1), ''), text)
  if (!('fields' in query))
    assert.doesNotMatch(said, /SQLITE|syntax error|\bselect\b.*\bfrom\b/i, 'no SQL in an answer')
  return { status: answer.status, body: JSON.parse(text) }
}
const rowsOf = (reply: Reply): readonly { readonly [field: string]: unknown }[] =>
  reply.status < 300
    ? ((reply.body as { resource?: readonly { readonly [field: string]: unknown }[] }).resource ?? [])
    : []

interface Case {
  readonly table: string
  /** Whether the role may see the row. */
  visible(row: { readonly [field: string]: unknown }): boolean
  readonly rule: string
  readonly access: { readonly filters: readonly object[]; readonly filter_op: string }
  readonly order: string
}
const cases: readonly Case[] = [
  {
    table: 'notes',
    visible: (row) => row.owner === 7,
    rule: 'owner = 7',
    access: { filters: [{ name: 'owner', operator: '=', value: '7' }], filter_op: 'AND' },
    order: 'id',
  },
  {
    table: 'teams',
    visible: (row) => row.owner === 7 || row.open === 1,
    rule: 'owner = 7 or open = 1',
    access: {
      filters: [
        { name: 'owner', operator: '=', value: '7' },
        { name: 'open', operator: '=', value: '1' },
      ],
      filter_op: 'OR',
    },
    order: 'id',
  },
  {
    table: 'members',
    visible: (row) => row.owner === 7 && row.status !== 'hidden',
    rule: `owner = 7 and status <> 'hidden'`,
    access: {
      filters: [
        { name: 'owner', operator: '=', value: '7' },
        { name: 'status', operator: '!=', value: "'hidden'" },
      ],
      filter_op: 'AND',
    },
    order: 'team_id',
  },
]

before(async () => {
  mkdirSync(join(folder, 'databases'), { recursive: true })
  database = new DatabaseSync(join(folder, 'databases', 'vault.sqlite'))
  database.exec(`pragma journal_mode = wal;
    create table notes (id integer not null primary key autoincrement, owner integer not null, status varchar(20));
    create table lines (id integer not null primary key autoincrement, note_id integer not null references notes(id), owner integer not null, text varchar(20));
    create table teams (id integer not null primary key autoincrement, owner integer not null, open integer not null, status varchar(20));
    create table members (team_id integer not null, id integer not null, owner integer not null, status varchar(20), primary key (team_id, id));`)
  fill()
  server = await serve(['bin/dataferry.js', 'start'], {
    DF_DATA_DIR: folder,
    DF_SAMPLE: 'false',
    DF_ADMIN_EMAIL: credentials.email,
    DF_ADMIN_PASSWORD: credentials.password,
    DF_LOG_LEVEL: 'error',
  })
  const admin = await Admin.login(server.url, credentials)
  const service = await admin.create('system/service', {
    name: 'vault',
    label: 'Vault',
    type: 'sqlite',
    is_active: true,
    config: { database: 'vault.sqlite' },
  })
  const rows = cases.flatMap(({ table, access }) =>
    [`_table/${table}`, `_table/${table}/*`].map((component) => ({
      service_id: service.id,
      component,
      verb_mask: 31,
      requestor_mask: 1,
      ...access,
    })),
  )
  const lines = ['_table/lines', '_table/lines/*'].map((component) => ({
    service_id: service.id,
    component,
    verb_mask: 31,
    requestor_mask: 1,
    filters: [{ name: 'owner', operator: '=', value: '7' }],
    filter_op: 'AND',
  }))
  key = await admin.createKey('restricted', [...rows, ...lines])
})
after(async () => {
  await server.stop()
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

function fill(): void {
  database.exec(
    'begin immediate; delete from lines; delete from notes; delete from teams; delete from members; delete from sqlite_sequence',
  )
  for (let i = 1; i <= 40; i++) {
    const owner = (i % 9) + 1
    database.prepare('insert into notes (owner, status) values (?, ?)').run(owner, i % 2 ? 'open' : 'done')
    database.prepare('insert into teams (owner, open, status) values (?, ?, ?)').run(owner, i % 5 === 0 ? 1 : 0, 'open')
    database
      .prepare('insert into members (team_id, id, owner, status) values (?, ?, ?, ?)')
      .run(i % 4, i, owner, i % 5 ? 'open' : 'hidden')
    for (const other of [7, (owner % 9) + 1])
      database.prepare('insert into lines (note_id, owner, text) values (?, ?, ?)').run(i, other, 't')
  }
  database.exec('commit')
}
const count = (sql: string): number => (database.prepare(sql).get() as { n: number }).n
const dump = (table: string, rule: string): string =>
  JSON.stringify(database.prepare(`select * from ${table} where not (${rule}) order by id`).all())

for (const { table, visible, rule, order } of cases) {
  describe(`${table}: ${rule}`, () => {
    test('the rule itself shows its rows', async () => {
      const rows = rowsOf(await ask('GET', table, {}))
      assert.equal(rows.length, count(`select count(*) n from ${table} where ${rule}`))
      assert.ok(rows.length > 0 && rows.every(visible))
    })

    test('list, tunnelled list, count, group', async () => {
      const all = count(`select count(*) n from ${table} where ${rule}`)
      const owners = new Set(
        (database.prepare(`select distinct owner from ${table} where ${rule}`).all() as { owner: number }[]).map(
          (row) => row.owner,
        ),
      )
      let answered = 0
      for (const filter of filters) {
        const rows = rowsOf(await ask('GET', table, { filter, 'params[:p]': '1) OR (1=1' }))
        assert.ok(rows.every(visible), filter)
        answered += rows.length > 0 ? 1 : 0
        const tunnelled = rowsOf(
          await ask('POST', table, { method: 'GET' }, { filter, params: { ':p': "7' OR '1'='1" } }),
        )
        assert.ok(tunnelled.every(visible), filter)
        const counted = await ask('GET', table, { filter, count_only: 'true' })
        if (counted.status < 300) assert.ok(typeof counted.body === 'number' && counted.body <= all, filter)
        const groups = await ask('GET', table, { filter, fields: 'owner,COUNT(*)', group: 'owner' })
        for (const row of rowsOf(groups)) assert.ok(owners.has(Number(row.owner)), filter)
      }
      assert.ok(answered > 20, 'some of the filters mean something and show rows')
    })

    test('order, fields, ids, id', async () => {
      for (const text of filters) {
        for (const query of [
          { order: text },
          { fields: text },
          { group: text },
          { ids: text },
          { id_field: 'owner', ids: text },
        ]) {
          const reply = await ask('GET', table, query)
          for (const row of rowsOf(reply))
            if ('owner' in row) assert.ok(visible({ open: 0, status: '', ...row }), JSON.stringify(query))
        }
      }
      const foreign = database.prepare(`select * from ${table} where not (${rule}) order by id limit 1`).get() as {
        id: number
        team_id?: number
      }
      const id = foreign.team_id === undefined ? String(foreign.id) : `(${foreign.team_id},${foreign.id})`
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const reply = await ask(
          method,
          `${table}/${encodeURIComponent(id)}`,
          {},
          method === 'GET' || method === 'DELETE' ? undefined : { status: 'mine' },
        )
        assert.equal(reply.status, 404, method)
      }
      assert.equal(rowsOf(await ask('GET', table, { ids: id, continue: 'true' })).length, 0)
    })

    test('update by filter changes no foreign row', async () => {
      const foreign = dump(table, rule)
      for (const filter of filters)
        await ask('PATCH', table, { filter, 'params[:p]': '1' }, { resource: [{ status: 'mine' }] })
      assert.equal(dump(table, rule), foreign)
      assert.ok(count(`select count(*) n from ${table} where status = 'mine'`) > 0, 'some updates went through')
      fill()
    })

    test('an update cannot move a row to another owner', async () => {
      const own = database.prepare(`select * from ${table} where ${rule} and owner = 7 order by id limit 1`).get() as {
        id: number
        team_id?: number
      }
      const id = own.team_id === undefined ? String(own.id) : `(${own.team_id},${own.id})`
      const reply = await ask(
        'PATCH',
        `${table}/${encodeURIComponent(id)}`,
        {},
        table === 'teams' ? { owner: 1, open: 0 } : { owner: 1 },
      )
      assert.equal(reply.status, 403)
      const created = await ask(
        'POST',
        table,
        {},
        { resource: [{ team_id: 99, id: 99, owner: 1, open: 0, status: 'x' }] },
      )
      assert.ok(created.status === 400 || created.status === 403)
      assert.equal(count(`select count(*) n from ${table} where id = 99 or (owner = 1 and status = 'x')`), 0)
    })

    test('delete by filter removes no foreign row', async () => {
      const foreign = dump(table, rule)
      for (const filter of filters) await ask('DELETE', table, { filter, 'params[:p]': '1', order, limit: '1' })
      assert.equal(dump(table, rule), foreign)
      await ask('DELETE', table, { force: 'true' })
      assert.equal(dump(table, rule), foreign)
      fill()
    })
  })
}

test('a relation shows only the rows of its own rule', async () => {
  let seen = 0
  for (const filter of filters.slice(0, 150)) {
    for (const note of rowsOf(
      await ask('GET', 'notes', { filter, related: 'lines_by_note_id', 'lines_by_note_id.order': filter }),
    )) {
      const lines = note.lines_by_note_id as readonly { owner: number }[]
      seen += lines.length
      assert.ok(
        lines.every((line) => line.owner === 7),
        filter,
      )
    }
  }
  for (const note of rowsOf(await ask('GET', 'notes', { related: '*' })))
    seen += (note.lines_by_note_id as readonly unknown[]).length
  assert.ok(seen > 0, 'some lines were shown')
})
