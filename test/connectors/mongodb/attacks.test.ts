// Attacks on the row filter and on hidden fields of documents: whatever is asked, nothing outside is shown or changed.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Rights } from 'dataferry/conformance'
import type { Json } from 'dataferry/sdk'
import { type FoundMongo, groupingMongodb, mongodb } from '../../support/mongodb.ts'
import { openService, type TestService } from './service.ts'

/** What no answer may hold. */
const secret = 'TOPSECRET'
const docs = [
  { _id: 1, team: 'a', n: 1, note: 'open', tags: ['x'], deep: { v: 1 } },
  { _id: 2, team: 'a', n: 2, note: 'open', tags: [], deep: { v: 2 } },
  { _id: 3, team: 'b', n: 3, note: secret, tags: ['x'], deep: { v: secret } },
  { _id: 4, n: 4, note: secret },
  { _id: 5, team: ['b'], n: 5, note: secret },
  { _id: 6, team: { a: 'a' }, n: 6, note: secret },
]
const own = ["team = 'a'", "team != 'b'", "team IN ('a','zz')", "NOT (team = 'b')"] as const
const rights: readonly Rights[] = [
  { docs: { filters: [{ name: 'team', operator: '=', value: "'a'" }] } },
  { docs: { filters: [{ name: 'team', operator: 'IN', value: "('a','zz')" }] } },
  { docs: { filters: [{ name: 'team', operator: 'LIKE', value: "'a'" }] } },
]
const shy: Rights = { docs: { hidden: ['note', 'deep.v'] } }

/** By the text language. */
const texts = [
  ...own,
  '_id > 0',
  '(_id > 0) OR (_id > 0)',
  '_id > 0) OR (_id > 0',
  "team = 'a' OR team = 'b'",
  'NOT (_id = 0)',
  'NOT NOT (_id > 0)',
  '(n > 0) XOR (_id = 0)',
  "note LIKE '%'",
  `note = '${secret}'`,
  `note LIKE '%SECRET%'`,
  'team IS NULL',
  'team IS NOT NULL',
  "team = 'b'",
  "team.a = 'a'",
  "team.0 = 'b'",
  'n BETWEEN 0 AND 100',
  '_id IN (3,4,5,6)',
  'n = (n)',
  'n < (n + 1)',
  'team = (team)',
  "note = (coalesce(note, 'x'))",
  `deep.v = '${secret}'`,
  '$where = 1',
  "$or = 'x'",
  "team.$ne = 'x'",
  "x' OR '1'='1",
  'n > 0; drop',
  '{user.name}',
]

/** By MongoDB's own language. */
const natives: readonly Json[] = [
  {},
  { _id: { $gt: 0 } },
  { $or: [{}, { team: 'b' }] },
  { $or: [{ _id: { $gt: 0 } }] },
  { $nor: [{ _id: 0 }] },
  { team: { $ne: 'a' } },
  { team: { $not: { $eq: 'a' } } },
  { team: { $exists: true } },
  { team: { $exists: false } },
  { team: { $type: 'array' } },
  { team: { $in: ['a', 'b', null] } },
  { team: { $nin: ['a'] } },
  { team: { $regex: '.*' } },
  { note: { $regex: 'TOP', $options: 'i' } },
  { note: secret },
  { 'deep.v': secret },
  { deep: { v: secret } },
  { $and: [{ $or: [{ n: { $gte: 0 } }] }] },
  { tags: { $elemMatch: { $eq: 'x' } } },
  { tags: { $size: 1 } },
  { tags: { $all: ['x'] } },
  { $where: 'true' },
  { $where: 'this.n > 0' },
  { $expr: { $gt: ['$n', 0] } },
  { $expr: { $function: { body: 'function(){return true}', args: [], lang: 'js' } } },
  { n: { $where: 'true' } },
  { $or: [{ $where: 'true' }] },
  { $and: [{ $nor: [{ $expr: true }] }] },
  { n: { $not: { $expr: true } } },
  { $jsonSchema: {} },
  { $text: { $search: 'x' } },
  { $comment: 'x', _id: { $gt: 0 } },
  { n: { $mod: [1, 0] } },
  { $accumulator: {} },
  { $sampleRate: 1 },
  { $near: [0, 0] },
  { __proto__x: 1, $or: [{}] },
]

const fields = [
  '*',
  'note',
  'deep.v',
  'deep',
  'NOTE',
  'note.x',
  'Deep.V',
  'deep.V',
  'tags,note',
  'deep.v.x',
  '$note',
  'note.$',
  '_id,note,deep',
]
const orders = ['note', 'note desc', 'deep.v', 'deep', 'NOTE', 'lower(note)', 'coalesce(note, n)', '2', 'deep.0.v']

const found = await mongodb()
attacks(found)
if (found.mongo === null || found.mongo.kind === 'ferretdb') attacks(await groupingMongodb())

function attacks({ mongo, skip }: FoundMongo): void {
  describe(`attacks on ${mongo?.kind ?? 'MongoDB'}`, { skip }, () => {
    let at: TestService
    before(async () => {
      if (mongo === null) return
      at = await openService(mongo, { id_type: 'int' })
      await at.db.createCollection('docs')
      await at.db.collection('docs').insertMany(docs as never[])
    })
    after(async () => {
      await at?.close()
      await mongo?.stop()
    })

    /** What is there, past the service. */
    const stored = async (): Promise<string> =>
      JSON.stringify(
        (await at.db
          .collection('docs')
          .find({ _id: { $gt: 2 as never } })
          .sort({ _id: 1 })
          .toArray()) as never,
      )

    async function showsNothing(
      query: { readonly [name: string]: Json },
      as: Rights,
      ask = 'GET docs',
    ): Promise<number> {
      const { status, body } = await at.ask({ ask, query, as })
      const told = `${ask} ${JSON.stringify(query)}: ${status} ${JSON.stringify(body)}`
      assert.ok(status < 500 || status === 501, told)
      // Messages may repeat the request.
      if (status === 200) assert.doesNotMatch(JSON.stringify(body), /TOPSECRET/, told)
      return status
    }

    test('reads stay within the row filter', { skip }, async () => {
      let attacks = 0
      let shown = 0
      for (const as of rights) {
        for (const filter of [...texts, ...natives.flatMap((each) => [each, JSON.stringify(each)])]) {
          if ((await showsNothing({ filter }, as)) === 200) shown += 1
          const { status, body } = await at.ask({ ask: 'GET docs?count_only=true', query: { filter }, as })
          if (status === 200)
            assert.ok(Number(body) <= (as === rights[0] ? 2 : 2), `${JSON.stringify(filter)} counts ${body}`)
          const grouped = { filter, group: 'team', fields: 'team,COUNT(*),MAX(note)', having: 'COUNT(*) > 0' }
          await showsNothing(grouped, as)
          attacks += 3
        }
        for (const id of ['3', '4', '5', '6']) {
          assert.notEqual(await showsNothing({}, as, `GET docs/${id}`), 200)
          await showsNothing({ ids: `1,${id}`, continue: 'true' }, as)
          attacks += 2
        }
      }
      assert.ok(attacks > 500 && shown > 100, `${attacks} attacks, ${shown} of them answered`)
    })

    test('writes stay within the row filter', { skip }, async () => {
      const was = await stored()
      const filters = [...texts, ...natives]
      for (const as of rights.slice(0, 1)) {
        for (const filter of filters) {
          for (const ask of ['PATCH docs', 'PUT docs']) {
            const { status } = await at.ask({
              ask,
              query: { filter },
              body: { resource: [{ touched: 1, team: 'a' }] },
              as,
            })
            assert.ok(status < 500 || status === 501, `${ask} ${JSON.stringify(filter)}: ${status}`)
          }
          assert.equal(await stored(), was, JSON.stringify(filter))
        }
        for (const filter of filters) {
          await at.ask({ ask: 'DELETE docs', query: { filter }, as })
          assert.equal(await stored(), was, JSON.stringify(filter))
        }
        for (const body of [
          { team: 'b' },
          { team: ['a', 'b'] },
          { team: { $inc: 1 } },
          { team: { $oid: '507f1f77bcf86cd799439011' } },
          { 'team.x': 1 },
          { 'team.0': 'b' },
          { $set: { team: 'b' } },
          { team: null },
          { TEAM: 'b', team: 'c' },
          { _id: 3, team: 'a', note: 'mine' },
        ] as const) {
          await at.ask({ ask: 'PATCH docs/3', body, as })
          await at.ask({ ask: 'PUT docs/3', body, as })
          await at.ask({ ask: 'POST docs?upsert=true', body: { resource: [{ _id: 3, ...body }] }, as })
          assert.equal(await stored(), was, JSON.stringify(body))
        }
      }
    })

    test('hidden fields are not told', { skip }, async () => {
      const query = (asked: { readonly [name: string]: Json }): Promise<number> => showsNothing(asked, shy)
      let attacks = 0
      const all = await at.ask({ ask: 'GET docs', as: shy })
      assert.equal(all.status, 200)
      for (const field of fields) {
        await query({ fields: field })
        await query({ fields: field, distinct: true })
        await query({ group: field, fields: `${field},COUNT(*)` })
        await query({ group: 'team', fields: `MAX(${field})` })
        attacks += 4
      }
      for (const field of fields) {
        for (const ask of ['GET docs', 'PATCH docs', 'DELETE docs']) {
          const body = ask.startsWith('GET') ? {} : { body: { resource: [{ [field]: 'x', touched: 1 }] } }
          const { body: told } = await at.ask({
            ask,
            query: { id_field: field, filter: '_id < 0' },
            as: shy,
            ...body,
          })
          assert.doesNotMatch(JSON.stringify(told), /TOPSECRET/, `${ask} ${field}`)
          attacks += 1
        }
        const patched = await at.ask({
          ask: 'PATCH docs',
          query: { id_field: field, filter: '_id = 3' },
          body: { resource: [{ n: 3 }] },
          as: shy,
        })
        assert.doesNotMatch(JSON.stringify(patched.body), /TOPSECRET/, field)
      }
      for (const order of orders) {
        const status = await query({ order })
        if (/note|deep/i.test(order)) assert.equal(status, 400, order)
        await query({ order, cursor: '*' })
        attacks += 2
      }
      for (const filter of [...texts, ...natives.map((each) => JSON.stringify(each))]) {
        const status = await query({ filter })
        if (/note|deep/i.test(filter) || filter.startsWith('{"')) assert.equal(status, 400, filter)
        attacks += 1
      }
      assert.ok(attacks > 100)
    })
  })
}
