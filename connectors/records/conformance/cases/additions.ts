/** What goes beyond the original: having, distinct, upsert by request, increments, conditions on writes, explain, budgets. */
import type { Json } from 'dataferry/sdk'
import { library } from '../library.ts'
import type { Case, Group } from '../types.ts'

const resource = (...rows: readonly Json[]): { readonly resource: readonly Json[] } => ({ resource: rows })
const list = (ask: string, ...rows: readonly Json[]): NonNullable<Case['after']>[number] => ({
  ask,
  answer: resource(...rows),
})

const grouped =
  'GET book?group=author_id&fields=author_id,COUNT(*),SUM(pages)&order=author_id&filter=author_id is not null'
const ann = { author_id: 1001, COUNT_ALL: 3, SUM_pages: 350 }
const bob = { author_id: 1002, COUNT_ALL: 1, SUM_pages: 100 }
const dee = { author_id: 1004, COUNT_ALL: 1, SUM_pages: 999 }
const having: readonly Case[] = (
  [
    ['an aggregate', 'COUNT(*) > 1', [ann]],
    ['its key in the answer', 'count_all > 1', [ann]],
    ['a sum', 'SUM(pages) >= 350', [ann, dee]],
    ['the key of a sum', 'SUM_pages < 350.5', [ann, bob]],
    ['an average', 'AVG(pages) = 175', [ann]],
    ['least and most', 'MIN(pages) = 100 AND MAX(price) > 10', [ann]],
    ['a decimal', 'MAX(price) = 5.25', [bob]],
    ['a fraction beside a count', 'COUNT(*) > 1.5', [ann]],
    ['a grouped field', 'author_id = 1002', [bob]],
    ['OR, NOT and IN', 'NOT (COUNT(*) IN (3,4)) OR author_id = 1001', [ann, bob, dee]],
    ['BETWEEN', 'SUM(pages) BETWEEN 100 AND 400', [ann, bob]],
    ['a null', 'MAX(isbn) is null', []],
    ['a text', "MAX(title) LIKE 'g%'", [ann]],
    ['a date', "MAX(published_on) >= '2022-01-01'", [dee]],
  ] as const
).map(([name, condition, rows]) => ({
  name,
  ask: grouped,
  query: { having: condition },
  needs: ['group'],
  answer: resource(...rows),
}))

const badHaving: readonly Case[] = [
  {
    name: 'without a group is 400',
    ask: 'GET book',
    query: { having: 'COUNT(*) > 1' },
    status: 400,
    message: "'having' needs a 'group'.",
  },
  {
    name: 'a field that is not grouped is 400',
    ask: grouped,
    query: { having: 'title = x' },
    needs: ['group'],
    status: 400,
    message: "Invalid field 'title' in having clause.",
  },
  {
    name: 'a field that is not there is 400',
    ask: grouped,
    query: { having: 'SUM(foo) > 1' },
    needs: ['group'],
    status: 400,
    message: "Invalid field 'SUM(foo)' in having clause.",
  },
  { name: 'no condition is 400', ask: grouped, query: { having: 'COUNT(*)' }, needs: ['group'], status: 400 },
  {
    name: 'a hidden field does not exist',
    ask: grouped,
    query: { having: 'MAX(price) > 1' },
    as: { book: { hidden: ['price'] } },
    needs: ['group'],
    status: 400,
    message: "Invalid field 'MAX(price)' in having clause.",
  },
  {
    name: 'only rows that the role shows are in groups',
    ask: grouped,
    query: { having: 'COUNT(*) > 1' },
    as: { book: { filters: [{ name: 'pages', operator: '>', value: 100 }] } },
    needs: ['group'],
    answer: resource(),
  },
  {
    name: 'the count is of groups',
    ask: 'GET book?group=author_id&fields=author_id&order=author_id&limit=1&include_count=true',
    query: { having: 'COUNT(*) = 1 AND author_id > 0' },
    needs: ['group'],
    answer: { resource: [{ author_id: 1002 }], meta: { count: 2, next: 1 } },
  },
  {
    name: 'count_only is of groups',
    ask: 'GET book?group=author_id&fields=author_id&count_only=true',
    query: { having: 'COUNT(*) = 1' },
    needs: ['group'],
    answer: 3,
  },
]

const distinct: readonly Case[] = [
  {
    name: 'values',
    ask: 'GET book?fields=author_id&filter=author_id > 0&distinct=true&order=author_id',
    answer: resource({ author_id: 1001 }, { author_id: 1002 }, { author_id: 1004 }),
  },
  {
    name: 'pairs, nulls among them',
    ask: 'GET book?fields=author_id,pages&filter=author_id = 1001 or pages = 100&distinct=true&order=author_id,pages desc nulls last',
    answer: resource(
      { author_id: 1001, pages: 250 },
      { author_id: 1001, pages: 100 },
      { author_id: 1001, pages: null },
      { author_id: 1002, pages: 100 },
    ),
  },
  {
    name: 'rows of a table without a key',
    ask: 'GET journal?distinct=true&order=n',
    answer: resource({ line: 'one', n: 1 }, { line: 'two', n: 2 }),
  },
  {
    name: 'the count is of distinct rows',
    ask: 'GET book?fields=pages&filter=pages > 0&distinct=true&order=pages&limit=1&include_count=true',
    answer: { resource: [{ pages: 1 }], meta: { count: 4, next: 1 } },
  },
  { name: 'count_only', ask: 'GET book?fields=pages&filter=pages > 0&distinct=true&count_only=true', answer: 4 },
  {
    name: 'a position',
    ask: 'GET book?fields=pages&filter=pages > 0&distinct=true&order=1 desc&limit=1',
    answer: resource({ pages: 999 }),
  },
  {
    name: 'an order by another field is 400',
    ask: 'GET book?fields=pages&distinct=true&order=title',
    status: 400,
    message: "With 'distinct' the order can only name fields that are asked for.",
  },
]

const transactions = ['upsert', 'transactions'] as const
const upsert: readonly Case[] = [
  {
    name: 'PUT by id inserts',
    ask: 'PUT currency/usd?upsert=true',
    body: { label: 'dollar' },
    needs: transactions,
    answer: { code: 'usd' },
    after: [list('GET currency?ids=usd', { code: 'usd', label: 'dollar' })],
  },
  {
    name: 'PUT by id updates',
    ask: 'PUT currency/eur?upsert=true&fields=*',
    body: { label: 'new' },
    needs: transactions,
    answer: { code: 'eur', label: 'new' },
  },
  { name: 'without it a missing record is 404', ask: 'PUT currency/usd', body: { label: 'dollar' }, status: 404 },
  {
    name: 'PATCH by records',
    ask: 'PATCH currency?upsert=true&fields=*',
    body: {
      resource: [
        { code: 'usd', label: 'd' },
        { code: 'eur', label: 'e' },
      ],
    },
    needs: transactions,
    answer: resource({ code: 'usd', label: 'd' }, { code: 'eur', label: 'e' }),
  },
  {
    name: 'POST inserts and updates, and answers as an update',
    ask: 'POST currency?upsert=true&fields=*',
    body: {
      resource: [
        { code: 'usd', label: 'd' },
        { code: 'eur', label: 'e' },
      ],
    },
    needs: transactions,
    answer: resource({ code: 'usd', label: 'd' }, { code: 'eur', label: 'e' }),
    after: [{ ask: 'GET currency?count_only=true', answer: 4 }],
  },
  {
    name: 'POST without a key inserts',
    ask: 'POST tag?upsert=true&fields=label',
    body: { resource: [{ label: 'fresh' }, { id: 3001, label: 'older' }] },
    needs: transactions,
    answer: resource({ label: 'fresh' }, { label: 'older' }),
    after: [{ ask: 'GET tag?count_only=true', answer: 4 }],
  },
  {
    name: 'fields that are not sent stay',
    ask: 'POST author?upsert=true',
    body: { resource: [{ id: 1001, rating: 1 }] },
    needs: transactions,
    answer: resource({ id: 1001 }),
    after: [list('GET author?ids=1001&fields=name,rating', { name: 'ann', rating: 1 })],
  },
  {
    name: 'a composite key',
    ask: 'POST area?upsert=true&fields=*',
    body: {
      resource: [
        { region: 'n', no: 1, title: 'x' },
        { region: 'w', no: 9, title: 'y' },
      ],
    },
    needs: transactions,
    answer: resource({ region: 'n', no: 1, title: 'x' }, { region: 'w', no: 9, title: 'y' }),
  },
  {
    name: 'another unique key is a conflict, not the record',
    ask: 'POST author?upsert=true',
    body: { resource: [{ id: 1900, name: 'x', email: 'ann@x.test' }] },
    needs: transactions,
    status: 400,
    message: /Duplicate value/,
    after: [list('GET author?ids=1001&fields=name', { name: 'ann' }), { ask: 'GET author?count_only=true', answer: 4 }],
  },
  {
    name: 'a record that the role does not show is not touched',
    ask: 'PUT author/1002?upsert=true',
    body: { name: 'taken', active: true },
    as: { author: { filters: [{ name: 'active', operator: '=', value: true }] } },
    needs: transactions,
    status: 404,
    after: [list('GET author?ids=1002&fields=name,active', { name: 'bob', active: false })],
  },
  {
    name: 'what the role may not write is not inserted',
    ask: 'PUT author/1900?upsert=true',
    body: { name: 'x', active: false },
    as: { author: { filters: [{ name: 'active', operator: '=', value: true }] } },
    needs: transactions,
    status: 403,
    after: [{ ask: 'GET author?count_only=true', answer: 4 }],
  },
  {
    name: 'inserting takes POST',
    ask: 'PUT currency/usd?upsert=true',
    body: { label: 'x' },
    as: { currency: { verbs: ['GET', 'PUT'] } },
    needs: transactions,
    status: 403,
    after: [{ ask: 'GET currency?count_only=true', answer: 3 }],
  },
  {
    name: 'updating takes PATCH or PUT',
    ask: 'POST currency?upsert=true',
    body: { resource: [{ code: 'eur', label: 'x' }] },
    as: { currency: { verbs: ['GET', 'POST'] } },
    needs: transactions,
    status: 403,
    after: [list('GET currency?ids=eur', { code: 'eur', label: 'euro' })],
  },
  {
    name: 'rollback',
    ask: 'POST currency?upsert=true&rollback=true',
    body: { resource: [{ code: 'usd', label: 'd' }, { code: 'x'.repeat(20), label: 'y' }, { label: 'no key' }] },
    needs: transactions,
    status: 400,
    after: [{ ask: 'GET currency?count_only=true', answer: 3 }],
  },
]

const raised = (verb: string, by: Json): Case => ({
  name: `${verb} by id`,
  ask: `${verb} book/2001?fields=pages,price`,
  body: { pages: { $inc: by }, price: { $inc: -0.5 } },
  answer: { pages: 100 + Number(by), price: 10 },
})
const increments: readonly Case[] = [
  raised('PATCH', -1),
  raised('PUT', 5),
  {
    name: 'by ids',
    ask: 'PATCH book?ids=2001,2002&fields=pages',
    body: { resource: [{ pages: { $inc: 1 } }] },
    answer: resource({ pages: 101 }, { pages: 251 }),
  },
  {
    name: 'by records',
    ask: 'PATCH book?fields=pages',
    body: {
      resource: [
        { id: 2001, pages: { $inc: 1 } },
        { id: 2001, pages: { $inc: 2 } },
      ],
    },
    answer: (body) => lastIs(body, 103),
  },
  {
    name: 'by a filter',
    ask: 'PATCH book?filter=pages = 100',
    body: { resource: [{ pages: { $inc: 7 } }] },
    answer: (body) => count(body, 2),
    after: [{ ask: 'GET book?filter=pages = 107&order=id', ids: [2001, 2004] }],
  },
  {
    name: 'a field without a value counts as 0',
    ask: 'PATCH book/2003?fields=pages',
    body: { pages: { $inc: 3 } },
    answer: { pages: 3 },
  },
  {
    name: 'a field that the row filter looks at is denied',
    ask: 'PATCH book/2001',
    body: { pages: { $inc: 1 } },
    as: { book: { filters: [{ name: 'pages', operator: '<', value: 200 }] } },
    status: 403,
    after: [list('GET book?ids=2001&fields=pages', { pages: 100 })],
  },
  {
    name: 'a read-only field is refused',
    ask: 'PATCH book/2001',
    body: { title: 'x', pages: { $inc: 1 } },
    as: { book: { readOnly: ['pages'] } },
    status: 403,
    after: [list('GET book?ids=2001&fields=title,pages', { title: 'alpha', pages: 100 })],
  },
  {
    name: 'a field of text is 400',
    ask: 'PATCH book/2001',
    body: { title: { $inc: 1 } },
    status: 400,
    message: "Field 'title' is no number that '$inc' could raise.",
  },
  {
    name: 'a fraction for an integer is 400',
    ask: 'PATCH book/2001',
    body: { pages: { $inc: 1.5 } },
    status: 400,
    message: /'pages'/,
  },
  ...(['1', 'many', true, null, [1], { a: 1 }] as const).map(
    (by): Case => ({
      name: `an amount of ${JSON.stringify(by)} is 400`,
      ask: 'PATCH book/2001',
      body: { pages: { $inc: by } },
      status: 400,
      message: "Field 'pages': '$inc' must be a number.",
    }),
  ),
  {
    name: 'beside something else it is 400',
    ask: 'PATCH book/2001',
    body: { pages: { $inc: 1, $max: 2 } },
    status: 400,
    message: "Field 'pages': '$inc' stands alone.",
  },
  {
    name: 'a record that is created is 400',
    ask: 'POST book',
    body: { resource: [{ title: 'x', pages: { $inc: 1 } }] },
    status: 400,
    message: /'\$inc' is for records that are updated\./,
  },
  {
    name: 'an upsert begins with the amount',
    ask: 'PUT book/2900?upsert=true&fields=pages',
    body: { title: 'x', pages: { $inc: 4 } },
    needs: transactions,
    answer: { pages: 4 },
  },
  {
    name: 'an upsert of a record that is there raises it',
    ask: 'POST book?upsert=true&fields=pages',
    body: { resource: [{ id: 2001, pages: { $inc: 4 } }] },
    needs: transactions,
    answer: resource({ pages: 104 }),
  },
]

function lastIs(body: Json, pages: number): void {
  const rows = (body as { readonly resource: readonly { readonly pages: number }[] }).resource
  if (rows.at(-1)?.pages !== pages) throw new Error(`unexpected: ${JSON.stringify(body)}`)
}
function count(body: Json, rows: number): void {
  const { length } = (body as { readonly resource: readonly Json[] }).resource
  if (length !== rows) throw new Error(`unexpected: ${JSON.stringify(body)}`)
}

const readers = { book: {} } as const
const explain: readonly Case[] = [
  {
    name: 'the plan, and no value',
    ask: 'GET book?explain=true&filter=title = secretive&order=id desc&limit=3',
    answer: explains,
  },
  { name: 'by id', ask: 'GET book/2001?explain=true', answer: explains },
  {
    name: 'a group',
    ask: 'GET book?explain=true&group=pages&fields=pages,COUNT(*)',
    query: { having: 'COUNT(*) > 1' },
    needs: ['group'],
    answer: explains,
  },
  {
    name: 'for others than administrators is 403',
    ask: 'GET book?explain=true',
    as: readers,
    status: 403,
    message: "'explain' is for administrators.",
  },
  {
    name: 'a write is not done',
    ask: 'DELETE book/2001?explain=true',
    status: 400,
    message: "'explain' is for reading: use GET.",
    after: [{ ask: 'GET book?count_only=true', answer: 6 }],
  },
]

function explains(body: Json): void {
  const text = JSON.stringify(body)
  const { plan } = body as { readonly plan?: { readonly table?: Json } }
  if (plan?.table !== 'book' || text.includes('secretive')) throw new Error(`unexpected: ${text}`)
}

const terms = (n: number, joint: string): string => Array.from({ length: n }, (_, i) => `id = ${i}`).join(joint)
const budgets: readonly Case[] = [
  {
    name: 'a filter of 1,000 terms is taken',
    ask: 'GET author?fields=id',
    query: { filter: terms(1000, ' or ') },
    answer: resource(),
  },
  {
    name: 'a longer one is 400',
    ask: 'GET author',
    query: { filter: terms(1001, ' or ') },
    status: 400,
    message: 'Invalid or unparsable filter request. It has more than 1000 terms.',
  },
  {
    name: 'an update by a longer one is 400',
    ask: 'PATCH author',
    query: { filter: terms(1001, ' or ') },
    body: { resource: [{ name: 'x' }] },
    status: 400,
    message: /more than 1000 terms/,
  },
  {
    name: 'a longer having is 400',
    ask: 'GET author?group=id&fields=id',
    query: { having: terms(1001, ' or ') },
    needs: ['group'],
    status: 400,
    message: /more than 1000 terms/,
  },
  {
    name: 'a longer order is 400',
    ask: 'GET author',
    query: { order: Array.from({ length: 1001 }, () => 'id').join() },
    status: 400,
    message: 'Invalid order by clause in request. It has more than 1000 terms.',
  },
]

export const additions: readonly Group[] = [
  { name: 'having', tables: library, cases: [...having, ...badHaving] },
  { name: 'distinct', tables: library, cases: distinct },
  { name: 'upsert as an option', tables: library, cases: upsert },
  { name: 'increments', tables: library, cases: increments },
  { name: 'explain', tables: library, cases: explain },
  { name: 'budgets of filters', tables: library, cases: budgets },
]
