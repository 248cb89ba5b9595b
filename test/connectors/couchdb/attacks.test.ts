// Attacks on the row filter and on hidden fields of documents: whatever is asked, nothing outside is shown or changed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Rights } from 'dataferry/conformance'
import type { Json } from 'dataferry/sdk'
import { couchdb } from '../../support/couchdb.ts'
import { openService, type TestService } from './service.ts'

const couch = await couchdb()

/** What no answer may hold. */
const secret = 'TOPSECRET'
const docs = [
  { _id: '1', team: 'a', n: 1, note: 'open', tags: ['x'], deep: { v: 1 } },
  { _id: '2', team: 'a', n: 2, note: 'open', tags: [], deep: { v: 2 } },
  { _id: '3', team: 'b', n: 3, note: secret, tags: ['x'], deep: { v: secret } },
  { _id: '4', n: 4, note: secret },
  { _id: '5', team: ['b'], n: 5, note: secret },
  { _id: '6', team: { a: 'a' }, n: 6, note: secret },
  { _id: '_design/all', note: secret, team: 'a', views: { all: { map: 'function (doc) { emit(doc.note, doc) }' } } },
]
const rights: readonly Rights[] = [
  { docs: { filters: [{ name: 'team', operator: '=', value: "'a'" }] } },
  { docs: { filters: [{ name: 'team', operator: 'IN', value: "('a','zz')" }] } },
  { docs: { filters: [{ name: 'team', operator: 'LIKE', value: "'a'" }] } },
]
const shy: Rights = { docs: { hidden: ['note', 'deep.v'] } }

const filters: readonly Json[] = [
  "team = 'a'",
  "team != 'b'",
  "NOT (team = 'b')",
  "_id > ''",
  "(_id > '') OR (_id > '')",
  "_id > '') OR (_id > ''",
  "_id < '~' OR n > 0",
  "_id IN ('1','3','4','5','6','_design/all')",
  "_id = '_design/all'",
  "_id LIKE '\\_design%'",
  "_rev > ''",
  'NOT NOT (n > 0)',
  "(n > 0) XOR (_id = '')",
  "note LIKE '%'",
  `note = '${secret}'`,
  'team IS NULL',
  'team IS NOT NULL',
  "team = 'b'",
  "team.a = 'a'",
  "team.0 = 'b'",
  'n BETWEEN 0 AND 100',
  'n < (n + 1)',
  'team = (team)',
  "note = (coalesce(note, 'x'))",
  `deep.v = '${secret}'`,
  '$where = 1',
  "$or = 'x'",
  "team.$ne = 'x'",
  "te\\am = 'x'",
  'team\\.x IS NULL',
  "x' OR '1'='1",
  '{user.name}',
  '{}',
  '{"_id":{"$gt":null}}',
  '{"$or":[{},{"team":"b"}]}',
  { _id: { $gt: null } },
  { $or: [{ team: 'b' }, { n: { $gt: 0 } }] },
]
const fields = ['*', 'note', 'deep.v', 'deep', 'NOTE', 'note.x', 'Deep.V', 'tags,note', '_id,note,deep', '_attachments']
const orders = ['note', 'note desc', 'deep.v', 'deep', 'NOTE', 'lower(note)', 'coalesce(note, n)', 'deep.0.v']

let at: TestService
before(async () => {
  at = await openService(couch, ['docs'])
  await at.direct('POST', 'docs/_bulk_docs', { docs })
})
after(async () => {
  await at?.close()
  await couch.stop()
})

/** What is outside of the filters, past the service. */
const stored = async (): Promise<string> => {
  const { rows } = (await at.direct('GET', 'docs/_all_docs?include_docs=true')) as {
    readonly rows: readonly { readonly id: string }[]
  }
  return JSON.stringify(rows.filter(({ id }) => id > '2'))
}

async function showsNothing(query: { readonly [name: string]: Json }, as: Rights, ask = 'GET docs'): Promise<number> {
  const { status, body } = await at.ask({ ask, query, as })
  const told = `${ask} ${JSON.stringify(query)}: ${status} ${JSON.stringify(body)}`
  assert.ok(status < 500 || status === 501, told)
  // Messages may repeat the request.
  if (status === 200) assert.doesNotMatch(JSON.stringify(body), /TOPSECRET/, told)
  return status
}

test('reads stay within the row filter', async () => {
  let attacks = 0
  let shown = 0
  for (const as of rights) {
    for (const filter of filters) {
      for (const more of [
        {},
        { order: 'n desc', limit: 3 },
        { fields: 'note', offset: 1 },
        { group: 'note', fields: 'note' },
      ]) {
        if ((await showsNothing({ filter, ...more }, as)) === 200) shown += 1
        attacks += 1
      }
      const { status, body } = await at.ask({ ask: 'GET docs?count_only=true', query: { filter }, as })
      if (status === 200) assert.ok(Number(body) <= 2, `${JSON.stringify(filter)} counts ${body}`)
      attacks += 1
    }
    for (const id of ['3', '4', '5', '6', '_design%2Fall', '_all_docs']) {
      assert.equal(await showsNothing({}, as, `GET docs/${id}`), 404)
      await showsNothing({ ids: `1,${decodeURIComponent(id)}`, continue: 'true' }, as)
      attacks += 2
    }
    for (const query of [
      { design: 'all', view: 'all' },
      { design: 'all', view: 'all', include_docs: 'true', filter: "team = 'a'" },
    ]) {
      assert.equal(await showsNothing(query, as), 403)
      attacks += 1
    }
  }
  assert.ok(attacks > 500 && shown > 100, `${attacks} attacks, ${shown} of them answered`)
})

test('writes stay within the row filter', async () => {
  const was = await stored()
  const [as = {}] = rights
  for (const filter of filters) {
    for (const ask of ['PATCH docs', 'PUT docs', 'DELETE docs']) {
      const body = ask.startsWith('DELETE') ? {} : { body: { resource: [{ touched: 1, team: 'a' }] } }
      const { status } = await at.ask({ ask, query: { filter }, as, ...body })
      assert.ok(status < 500 || status === 501, `${ask} ${JSON.stringify(filter)}: ${status}`)
    }
    assert.equal(await stored(), was, JSON.stringify(filter))
  }
  for (const body of [
    { team: 'b' },
    { team: ['a', 'b'] },
    { team: { $inc: 1 } },
    { 'team.x': 1 },
    { 'team.0': 'b' },
    { team: null },
    { TEAM: 'b', team: 'c' },
    { _id: '3', team: 'a', note: 'mine' },
    { _deleted: true, team: 'a' },
    { _rev: '1-x', team: 'a' },
  ] as const) {
    for (const id of ['3', '4', '_design%2Fall']) {
      await at.ask({ ask: `PATCH docs/${id}`, body, as })
      await at.ask({ ask: `PUT docs/${id}`, body, as })
      await at.ask({
        ask: 'POST docs?upsert=true',
        body: { resource: [{ ...body, _id: decodeURIComponent(id) }] },
        as,
      })
      await at.ask({ ask: `DELETE docs/${id}`, as })
    }
    assert.equal(await stored(), was, JSON.stringify(body))
  }
})

test('hidden fields are not told', async () => {
  let attacks = 0
  const query = (asked: { readonly [name: string]: Json }): Promise<number> => {
    attacks += 1
    return showsNothing(asked, shy)
  }
  assert.equal(await query({}), 200)
  for (const field of fields) {
    await query({ fields: field })
    await query({ fields: field, distinct: true })
    await query({ group: field, fields: `${field},COUNT(*)` })
    await query({ group: 'team', fields: `MAX(${field})` })
  }
  for (const order of orders) {
    assert.equal(await query({ order }), 400, order)
    await query({ order, cursor: '*' })
  }
  for (const filter of filters) {
    const status = await query({ filter })
    if (typeof filter !== 'string' || /note|deep/i.test(filter) || filter.startsWith('{"')) assert.equal(status, 400)
  }
  assert.equal(await query({ design: 'all', view: 'all' }), 403)
  assert.ok(attacks > 90)
})
