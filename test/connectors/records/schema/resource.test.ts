/** The schema resource from end to end, on every database (data-plane 6): what is asked, what it answers, what the records then do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { field, type Json, list, type Members, onEveryDatabase, type Step } from './steps.ts'

const steps: readonly Step[] = [
  {
    name: 'tables that refer to each other, the later one first',
    ask: 'POST _schema',
    body: list(
      {
        name: 'zs_book',
        label: 'The Book',
        field: [
          { name: 'id', type: 'id' },
          { name: 'title', type: 'string', length: 80, default: 'untitled' },
          { name: 'author_id', type: 'reference', ref_table: 'zs_author', ref_field: 'id', allow_null: true },
          { name: 'isbn', type: 'string', length: 20, is_unique: true, allow_null: true },
          { name: 'shelf', type: 'string', length: 20, is_index: true, allow_null: true },
          { name: 'price', type: 'decimal', precision: 8, scale: 2, allow_null: true },
          { name: 'made', type: 'timestamp_on_create' },
          { name: 'changed_by', type: 'user_id_on_update', allow_null: true },
        ],
      },
      {
        name: 'zs_author',
        field: [
          { name: 'id', type: 'pk' },
          { name: 'name', type: 'string' },
        ],
      },
    ),
    answer: list({ name: 'zs_book' }, { name: 'zs_author' }),
  },
  {
    name: 'the description',
    ask: 'GET _schema/zs_book',
    answer(body) {
      assert.equal(body.label, 'The Book')
      assert.equal(field(body, 'id').type, 'id')
      assert.equal(field(body, 'title').default, 'untitled')
      assert.equal(field(body, 'author_id').ref_table, 'zs_author')
      assert.equal(field(body, 'isbn').is_unique, true)
      assert.equal(field(body, 'made').type, 'timestamp_on_create')
      assert.equal(field(body, 'changed_by').type, 'user_id_on_update')
      assert.deepEqual(
        (body.related as readonly Members[]).map((each) => each.name),
        ['zs_author_by_author_id'],
      )
    },
  },
  {
    name: 'records: the server fills in what is its own',
    ask: 'POST _table/zs_author?related=*',
    body: list({ name: 'Ann', zs_book_by_author_id: [{ isbn: '1' }] }),
    status: 201,
    answer(body) {
      const [author] = body.resource as readonly Members[]
      const [book] = (author?.zs_book_by_author_id ?? []) as readonly Members[]
      assert.equal(book?.title, 'untitled')
      assert.equal(book?.changed_by, 1)
      assert.match(String(book?.made), /^\d{4}-/)
    },
  },
  {
    name: 'a table that is there is merged into',
    ask: 'POST _schema',
    body: list({ name: 'zs_author', field: [{ name: 'born', type: 'date', allow_null: true }] }),
    answer: list({ name: 'zs_author' }),
  },
  {
    name: 'unless it is to be new',
    ask: 'POST _schema?check_exist=true',
    body: list({ name: 'zs_author', field: [{ name: 'id', type: 'id' }] }),
    status: 400,
    answer: /^A table with name 'zs_author' already exist in the database\.$/,
  },
  {
    name: 'a column is altered, and keeps what is not named',
    ask: 'PATCH _schema/zs_book/_field/title',
    body: { length: 120, label: 'Name of the book' },
    answer: [],
  },
  {
    name: 'as asked',
    ask: 'GET _schema/zs_book/_field/title',
    answer(body) {
      assert.equal(body.length, 120)
      assert.equal(body.default, 'untitled')
      assert.equal(body.allow_null, false)
      assert.equal(body.label, 'Name of the book')
    },
  },
  {
    name: 'nullability and default',
    ask: 'PATCH _schema/zs_book/_field/title?fields=*',
    body: { allow_null: true, default: null },
    answer(body) {
      assert.equal(body.allow_null, true)
      assert.equal(body.default, null)
      assert.equal(body.length, 120)
    },
  },
  {
    name: 'the rows are still there, with those that they refer to',
    ask: 'GET _table/zs_author?fields=name&related=zs_book_by_author_id&zs_book_by_author_id.fields=title',
    answer: list({ name: 'Ann', id: 1, zs_book_by_author_id: [{ title: 'untitled' }] }),
  },
  {
    name: 'an alias of a table',
    ask: 'PATCH _schema/zs_author',
    body: { alias: 'people', name_field: 'name' },
    answer: { name: 'zs_author' },
  },
  { name: 'names it in requests', ask: 'GET _table/people?fields=name', answer: list({ name: 'Ann' }) },
  {
    name: 'and the real name does not',
    ask: 'GET _table/zs_author',
    status: 404,
    answer: /^Table "zs_author" does not exist in the database\.$/,
  },
  {
    name: 'the schema knows the real name only',
    ask: 'PATCH _schema/people',
    body: { alias: null },
    status: 404,
    answer: /^Table "people" does not exist in the database\.$/,
  },
  {
    name: 'an alias that is taken',
    ask: 'PATCH _schema/zs_book',
    body: { alias: 'People' },
    status: 400,
    answer: /another table/,
  },
  { name: 'the alias goes', ask: 'PATCH _schema/zs_author', body: { alias: null }, answer: { name: 'zs_author' } },
  {
    name: 'rules, a picklist and an alias of a field',
    ask: 'PATCH _schema/zs_book/_field/shelf',
    body: { alias: 'place', picklist: 'a, b', validation: { picklist: { on_fail: 'pick a or b' } } },
    answer: [],
  },
  {
    name: 'are kept by records',
    ask: 'PATCH _table/zs_book/1',
    body: { place: 'z' },
    status: 400,
    answer: /^pick a or b$/,
  },
  { name: 'as they say', ask: 'PATCH _table/zs_book/1?fields=place', body: { place: 'a' }, answer: { place: 'a' } },
  {
    name: 'functions: shown, filtered and written through',
    ask: 'PATCH _schema/zs_book/_field/title',
    body: {
      db_function: [
        { use: ['SELECT', 'FILTER'], function: 'UPPER({value})', function_type: 'database' },
        { use: ['INSERT', 'UPDATE'], function: 'lower({value})' },
      ],
    },
    answer: [],
  },
  {
    name: 'a value is bound, whatever it holds',
    ask: 'PATCH _table/zs_book/1?fields=title',
    body: { title: 'It\'s "ONE"); drop table x; --' },
    answer: { title: 'IT\'S "ONE"); DROP TABLE X; --' },
  },
  {
    name: 'a filter meets what is shown',
    ask: "GET _table/zs_book?fields=id&filter=title%20like%20'IT%25'",
    answer: list({ id: 1 }),
  },
  {
    name: 'a virtual field and an aggregate',
    ask: 'POST _schema/zs_book/_field',
    body: list(
      {
        name: 'size',
        type: 'integer',
        is_virtual: true,
        db_function: [{ use: ['SELECT', 'FILTER'], function: 'length(isbn) + 1', function_type: 'integer' }],
      },
      {
        name: 'books',
        type: 'integer',
        is_virtual: true,
        is_aggregate: true,
        db_function: [{ use: ['SELECT'], function: 'count(*)' }],
      },
    ),
    answer: [[], []],
  },
  {
    name: 'the virtual field is read, filtered and ordered by',
    ask: 'GET _table/zs_book?fields=id,size&filter=size%20%3D%202&order=size%20desc',
    answer: list({ id: 1, size: 2 }),
  },
  {
    name: 'the aggregate is asked for only',
    ask: 'GET _table/zs_book?fields=author_id,books&group=author_id&order=books%20desc',
    answer: list({ author_id: 1, books: 1 }),
  },
  {
    name: 'a record with all fields has the one and not the other',
    ask: 'GET _table/zs_book/1',
    answer(body) {
      assert.equal(Number(body.size), 2)
      assert.equal(Object.hasOwn(body, 'books'), false)
    },
  },
  {
    name: 'virtual fields are not written',
    ask: 'POST _table/zs_book?fields=size',
    body: list({ isbn: '22', size: 99 }),
    status: 201,
    answer: list({ size: 3 }),
  },
  {
    name: 'a function outside of the allow-list',
    ask: 'PATCH _schema/zs_book/_field/size',
    body: { db_function: [{ use: ['SELECT'], function: 'pg_sleep(5)' }] },
    status: 400,
    answer: /^The functions of field 'size' are not permitted\.$/,
  },
  {
    name: 'a function over a field that is not there',
    ask: 'PATCH _schema/zs_book/_field/size',
    body: { db_function: [{ use: ['SELECT'], function: 'upper(secret)' }] },
    status: 400,
    answer: /unknown field 'secret'/,
  },
  {
    name: 'a virtual relation',
    ask: 'POST _schema/zs_author/_related',
    body: list({
      type: 'has_many',
      field: 'id',
      ref_table: 'zs_book',
      ref_field: 'id',
      is_virtual: true,
      alias: 'same',
    }),
    answer: [[]],
  },
  {
    name: 'reads like a real one',
    ask: 'GET _table/zs_author?fields=id&related=same&same.fields=isbn',
    answer: list({ id: 1, same: [{ isbn: '1' }] }),
  },
  {
    name: 'and goes',
    ask: 'DELETE _schema/zs_author/_related/zs_book_by_id',
    answer: { success: true },
  },
  {
    name: 'a real relation takes extras',
    ask: 'PATCH _schema/zs_author/_related/zs_book_by_author_id?fields=*',
    body: { alias: 'books', always_fetch: true },
    answer(body) {
      assert.deepEqual([body.alias, body.name, body.always_fetch], ['books', 'zs_book_by_author_id', true])
    },
  },
  {
    name: 'and is always fetched',
    ask: 'GET _table/zs_author/1?fields=name',
    answer(body) {
      assert.equal((body.books as readonly Json[]).length, 1)
    },
  },
  {
    name: 'a field that a table refers to is not dropped',
    ask: 'DELETE _schema/zs_author/_field/id',
    status: 400,
    answer: /because table 'zs_book' refers to it/,
  },
  { name: 'a field is dropped', ask: 'DELETE _schema/zs_author/_field/born', answer: { success: true } },
  { name: 'once', ask: 'DELETE _schema/zs_author/_field/born', status: 404, answer: /^No requested fields found/ },
  {
    name: 'a field that refers is dropped with its reference',
    ask: 'DELETE _schema/zs_book/author_id',
    answer: { success: true },
  },
  {
    name: 'PUT drops what is not listed',
    ask: 'PUT _schema/zs_book?fields=*',
    body: { field: [{ name: 'id' }, { name: 'isbn' }, { name: 'pages', type: 'integer', default: 1 }] },
    answer(body) {
      assert.deepEqual(
        (body.field as readonly Members[]).map((each) => each.name),
        ['id', 'isbn', 'pages'],
      )
    },
  },
  {
    name: 'a table with a hostile name',
    ask: 'POST _schema',
    body: list({ name: 'zs "; drop `x`', field: [{ name: 'a "b` c', type: 'string', is_primary_key: true }] }),
    answer: list({ name: 'zs "; drop `x`' }),
  },
  {
    name: 'is dropped',
    ask: 'DELETE _schema?ids=zs%20%22%3B%20drop%20%60x%60',
    answer: list({ name: 'zs "; drop `x`' }),
  },
  { name: 'no data', ask: 'DELETE _schema', status: 400, answer: /^No data in schema delete request\.$/ },
  {
    name: 'no list',
    ask: 'POST _schema',
    body: { name: 'x' },
    status: 400,
    answer: /^No data in schema create request\.$/,
  },
  {
    name: 'no name',
    ask: 'POST _schema',
    body: list({ field: [] }),
    status: 400,
    answer: /^Table schema received does not have a valid name\.$/,
  },
  {
    name: 'no fields',
    ask: 'POST _schema',
    body: list({ name: 'zs_none' }),
    status: 400,
    answer: /^No valid fields exist in the received table schema\.$/,
  },
  {
    name: 'a table to change that is not there',
    ask: 'PATCH _schema',
    body: list({ name: 'zs_none', field: [{ name: 'a', type: 'id' }] }),
    status: 400,
    answer: /^Table name can not be empty\.$/,
  },
  {
    name: 'no type',
    ask: 'PATCH _schema/zs_book/_field/x',
    body: { label: 'x' },
    status: 400,
    answer: /^Invalid schema detected - no type or db_type element\.$/,
  },
  {
    name: 'an unknown type, behind a good table: nothing is made where the database can',
    ask: 'POST _schema',
    body: list(
      { name: 'zs_good', field: [{ name: 'id', type: 'id' }] },
      { name: 'zs_bad', field: [{ name: 'id', type: 'wat' }] },
    ),
    status: 400,
    answer: /'wat' is not one of this database/,
  },
  { name: 'nor is the good one', ask: 'GET _schema/zs_good', status: 404 },
  { name: 'tables are dropped', ask: 'DELETE _schema/zs_book', answer: { success: true } },
  {
    name: 'all of them',
    ask: 'DELETE _schema',
    body: list({ name: 'zs_author' }),
    answer: list({ name: 'zs_author' }),
  },
  {
    name: 'and their extras with them',
    ask: 'POST _schema?fields=*',
    body: list({
      name: 'zs_book',
      field: [
        { name: 'id', type: 'id' },
        { name: 'title', type: 'string' },
      ],
    }),
    answer(body) {
      const [table] = body.resource as readonly Members[]
      assert.equal(table?.label, 'Zs Book')
      assert.equal(field(table as Members, 'title').db_function, null)
    },
  },
  { name: 'the end', ask: 'DELETE _schema/zs_book', answer: { success: true } },
]

onEveryDatabase('the schema resource', steps, (ask) => {
  test('a role changes what it may', async (t) => {
    const role = await ask(
      'POST',
      'system/role?related=role_service_access_by_role_id',
      list({ name: 'shape', is_active: true }),
    )
    assert.equal(role.status, 201, JSON.stringify(role.body))
    const id = (role.body.resource as readonly Members[])[0]?.id as number
    const services = await ask('GET', 'system/service?filter=name%3D%27sqlite%27')
    const service = (services.body.resource as readonly Members[])[0]?.id as number
    await ask('PATCH', `system/role/${id}`, {
      role_service_access_by_role_id: [
        { service_id: service, component: '_schema/', verb_mask: 31, requestor_mask: 3 },
        { service_id: service, component: '_schema/zs_own/*', verb_mask: 31, requestor_mask: 3 },
        { service_id: service, component: '_schema/zs_read/*', verb_mask: 1, requestor_mask: 3 },
      ],
    })
    const app = await ask('POST', 'system/app?fields=*', list({ name: 'shape', is_active: true, type: 0, role_id: id }))
    const key = String((app.body.resource as readonly Members[])[0]?.api_key)
    const own = { 'X-DreamFactory-Session-Token': '', 'X-DreamFactory-API-Key': key }
    const id_ = { name: 'id', type: 'id' }
    await ask('POST', 'sqlite/_schema', list({ name: 'zs_own', field: [id_] }, { name: 'zs_read', field: [id_] }))
    const cases: readonly (readonly [ask: string, body: Json, status: number])[] = [
      ['PATCH sqlite/_schema/zs_own/_field/a', { type: 'string', allow_null: true }, 200],
      ['DELETE sqlite/_schema/zs_own/_field/a', null, 200],
      ['GET sqlite/_schema/zs_read', null, 200],
      ['PATCH sqlite/_schema/zs_read', { label: 'x' }, 401],
      ['DELETE sqlite/_schema/zs_read', null, 401],
      ['DELETE sqlite/_schema?ids=zs_read', null, 403],
      ['POST sqlite/_schema', list({ name: 'zs_read', field: [id_] }), 403],
      ['POST sqlite/_schema', list({ name: 'zs_new', field: [id_] }), 403],
      ['PATCH sqlite/_schema', list({ name: 'zs_own', label: 'x' }, { name: 'zs_read', label: 'x' }), 403],
      ['PATCH sqlite/_schema', list({ name: 'zs_own', label: 'x' }), 200],
    ]
    for (const [what, body, status] of cases) {
      await t.test(`${what}: ${status}`, async () => {
        const [method = '', path = ''] = what.split(' ')
        const answer = await ask(method, path, body ?? undefined, own)
        assert.equal(answer.status, status, JSON.stringify(answer.body))
      })
    }
  })
})
