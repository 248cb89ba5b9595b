import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Predicate, ReadPlan } from 'dataferry/records'
import { type Bind, encodeValue, NotFound, type Output, parseJson } from 'dataferry/sdk'
import { ReadRunner, wireValues } from 'dataferry/sql'
import { SqliteCompiler } from '../../../connectors/sqlite/compiler.ts'
import { output, run, sourceOver } from './source.ts'
import {
  at,
  author,
  authorOfBook,
  book,
  booksOfAuthor,
  bookTag,
  eq,
  hidden,
  library,
  reads,
  shown,
  tagsOfBook,
  throughBookTag,
} from './tables.ts'

const db = library()
db.exec(`
  insert into author (id, name, email, born, active, rating) values
    (1, 'Ann', 'ann@x.test', '1970-01-02', 1, 4.5), (2, 'Bo & Co', null, null, 0, null), (3, 'Cy', 'cy@x.test', '1980-05-06', null, 3);
  insert into book (id, title, author_id, pages, cover) values
    (1, 'Dust', 1, 100, null), (2, 'Ash', 1, 200, x'00ff'), (3, 'Ember', 1, 300, null), (4, 'Ice', 2, 50, null), (5, 'Lost', null, 1, null);
  insert into tag values (1, 'sf'), (2, 'old'), (3, 'new');
  insert into book_tag values (1, 1), (1, 2), (2, 3), (4, 1);
`)
after(() => db.close())

const plain = shown(author, 'id', 'name')
const byId = { order: [{ expr: at(author, 'id'), descending: false, nulls: null }] } as const
const list = (count: 'no' | 'also' | 'over', schema: number | null = null) =>
  ({ result: { kind: 'list', count, schema } }) as const
const record = { where: eq(author, 'id', 0), result: { kind: 'record', missing: 1 } } as const
const authors = (more: Partial<ReadPlan> = {}): ReadPlan => reads(author, plain, { ...byId, ...more })

interface Case {
  readonly name: string
  readonly plan: ReadPlan
  readonly binds?: readonly Bind[]
  readonly output?: Output
  readonly body: string
}
const bare = output('json', { wrapper: null })
const cases: readonly Case[] = [
  {
    name: 'a list',
    plan: authors(),
    body: '{"resource":[{"id":1,"name":"Ann"},{"id":2,"name":"Bo & Co"},{"id":3,"name":"Cy"}]}',
  },
  {
    name: 'another wrapper',
    plan: authors({ limit: 0 }),
    binds: [1],
    output: output('json', { wrapper: 'rows', wrapperName: 'rows' }),
    body: '{"rows":[{"id":1,"name":"Ann"}]}',
  },
  { name: 'a bare list', plan: authors({ limit: 0 }), binds: [1], output: bare, body: '[{"id":1,"name":"Ann"}]' },
  { name: 'an empty list', plan: authors({ where: eq(author, 'id', 0) }), binds: [99], body: '{"resource":[]}' },
  { name: 'a record', plan: authors(record), binds: [2, 'gone'], body: '{"id":2,"name":"Bo & Co"}' },
  { name: 'rows', plan: authors({ limit: 0, result: { kind: 'rows' } }), binds: [1], body: '[{"id":1,"name":"Ann"}]' },
  { name: 'a count', plan: authors({ result: { kind: 'count' } }), body: '3' },
  {
    name: 'counted: more to come',
    plan: authors({ limit: 0, ...list('also') }),
    binds: [2],
    body: '{"resource":[{"id":1,"name":"Ann"},{"id":2,"name":"Bo & Co"}],"meta":{"count":3,"next":2}}',
  },
  {
    name: 'counted: the last page',
    plan: authors({ limit: 0, offset: 1, ...list('also') }),
    binds: [2, 2],
    body: '{"resource":[{"id":3,"name":"Cy"}],"meta":{"count":3}}',
  },
  {
    name: 'counted: the page ends where the list ends',
    plan: authors({ limit: 0, offset: 1, ...list('also') }),
    binds: [2, 1],
    body: '{"resource":[{"id":2,"name":"Bo & Co"},{"id":3,"name":"Cy"}],"meta":{"count":3}}',
  },
  {
    name: 'counted: beyond the end',
    plan: authors({ limit: 0, offset: 1, ...list('also') }),
    binds: [2, 9],
    body: '{"resource":[],"meta":{"count":3}}',
  },
  {
    name: 'counted quietly: below the limit',
    plan: authors({ limit: 0, ...list('over') }),
    binds: [5],
    body: '{"resource":[{"id":1,"name":"Ann"},{"id":2,"name":"Bo & Co"},{"id":3,"name":"Cy"}]}',
  },
  {
    name: 'counted quietly: as many as the limit',
    plan: authors({ limit: 0, where: eq(author, 'id', 1), ...list('over') }),
    binds: [1, 1],
    body: '{"resource":[{"id":1,"name":"Ann"}]}',
  },
  {
    name: 'counted quietly: above the limit',
    plan: authors({ limit: 0, ...list('over') }),
    binds: [1],
    body: '{"resource":[{"id":1,"name":"Ann"}],"meta":{"count":3,"next":1}}',
  },
  {
    name: 'a bare list is wrapped for its meta',
    plan: authors({ limit: 0, ...list('over') }),
    binds: [1],
    output: bare,
    body: '{"resource":[{"id":1,"name":"Ann"}],"meta":{"count":3,"next":1}}',
  },
  {
    name: 'a bare list without meta stays bare',
    plan: authors({ limit: 0, where: eq(author, 'id', 1), ...list('over') }),
    binds: [9, 3],
    output: bare,
    body: '[{"id":3,"name":"Cy"}]',
  },
  {
    name: 'the schema, behind the count',
    plan: authors({ limit: 0, ...list('also', 1) }),
    binds: [1, '{"name":"author","native":[]}'],
    body: '{"resource":[{"id":1,"name":"Ann"}],"meta":{"count":3,"next":1,"schema":{"name":"author","native":[]}}}',
  },
  {
    name: 'the schema alone, bare',
    plan: authors({ limit: 0, ...list('no', 1) }),
    binds: [1, '{}'],
    output: bare,
    body: '{"resource":[{"id":1,"name":"Ann"}],"meta":{"schema":{}}}',
  },
  {
    name: 'groups are not what is counted',
    plan: reads(
      book,
      [
        ...shown(book, 'author_id'),
        {
          as: 'COUNT_ALL',
          expr: { kind: 'aggregate', name: 'COUNT', of: null },
          type: 'bigint',
          column: null,
          hidden: false,
        },
      ],
      {
        group: [at(book, 'author_id')],
        order: [{ expr: { kind: 'output', index: 1 }, descending: true, nulls: null }],
        limit: 0,
        where: { kind: 'not', of: { kind: 'null', left: at(book, 'author_id') } },
        ...list('also'),
      },
    ),
    binds: [10],
    body: '{"resource":[{"author_id":1,"COUNT_ALL":3},{"author_id":2,"COUNT_ALL":1}],"meta":{"count":4}}',
  },
  {
    name: 'text: JSON in ASCII with escaped slashes',
    plan: authors({ ...record, result: { kind: 'rows' } }),
    binds: [1],
    output: output('text'),
    body: '[{"id":1,"name":"Ann"}]',
  },

  {
    name: 'a list in XML',
    plan: authors({ limit: 0, ...list('also') }),
    binds: [2],
    output: output('xml'),
    body: '<?xml version="1.0" ?><dfapi>\n\t<resource>\n\t\t<id>1</id>\n\t\t<name>Ann</name>\n\t</resource>\n\t<resource>\n\t\t<id>2</id>\n\t\t<name>Bo &amp; Co</name>\n\t</resource>\n\t<meta>\n\t\t<count>3</count>\n\t\t<next>2</next>\n\t</meta>\n</dfapi>\n',
  },
  {
    name: 'a bare list in XML has elements all the same',
    plan: authors({ limit: 0 }),
    binds: [1],
    output: output('xml', { wrapper: null }),
    body: '<?xml version="1.0" ?><dfapi>\n\t<resource>\n\t\t<id>1</id>\n\t\t<name>Ann</name>\n\t</resource>\n</dfapi>\n',
  },
  {
    name: 'an empty list in XML',
    plan: authors({ where: eq(author, 'id', 0) }),
    binds: [9],
    output: output('xml'),
    body: '<?xml version="1.0" ?><dfapi>\n</dfapi>\n',
  },
  {
    name: 'a record in XML',
    plan: authors(record),
    binds: [1, ''],
    output: output('xml'),
    body: '<?xml version="1.0" ?><dfapi>\n\t<id>1</id>\n\t<name>Ann</name>\n</dfapi>\n',
  },
  {
    name: 'a count in XML',
    plan: authors({ result: { kind: 'count' } }),
    output: output('xml'),
    body: '<?xml version="1.0" ?><dfapi>3</dfapi>',
  },
  {
    name: 'the schema in XML',
    plan: authors({ limit: 0, ...list('no', 1) }),
    binds: [0, '{"name":"author","native":[]}'],
    output: output('xml'),
    body: '<?xml version="1.0" ?><dfapi>\n\t<meta>\n\t\t<schema>\n\t\t\t<name>author</name>\n\t\t</schema>\n\t</meta>\n</dfapi>\n',
  },

  {
    name: 'a list in CSV, meta dropped',
    plan: authors({ limit: 0, ...list('also') }),
    binds: [2],
    output: output('csv'),
    body: 'id,name\n1,Ann\n2,"Bo & Co"\n',
  },
  {
    name: 'an empty list in CSV',
    plan: authors({ where: eq(author, 'id', 0) }),
    binds: [9],
    output: output('csv'),
    body: '\n\n',
  },
  { name: 'a record in CSV', plan: authors(record), binds: [1, ''], output: output('csv'), body: 'id,name\n1,Ann\n' },
  { name: 'a count in CSV', plan: authors({ result: { kind: 'count' } }), output: output('csv'), body: '3' },

  {
    name: 'children of each parent, limited for each, in their order',
    plan: authors({
      related: [
        booksOfAuthor({ perParent: 0 }, { order: [{ expr: at(book, 'title'), descending: false, nulls: null }] }),
      ],
    }),
    binds: [2],
    body: '{"resource":[{"id":1,"name":"Ann","book_by_author_id":[{"id":2,"title":"Ash"},{"id":1,"title":"Dust"}]},{"id":2,"name":"Bo & Co","book_by_author_id":[{"id":4,"title":"Ice"}]},{"id":3,"name":"Cy","book_by_author_id":[]}]}',
  },
  {
    name: 'a parent object, null where the key is null; the join column hidden',
    plan: reads(book, [...shown(book, 'id'), ...shown(book, 'author_id').map(hidden)], {
      where: { kind: 'compare', op: '>=', left: at(book, 'id'), right: { kind: 'value', value: 0 } },
      related: [authorOfBook()],
    }),
    binds: [4],
    body: '{"resource":[{"id":4,"author_by_author_id":{"id":2,"name":"Bo & Co"}},{"id":5,"author_by_author_id":null}]}',
  },
  {
    name: 'has_one: an object, or an empty list',
    plan: authors({
      related: [
        booksOfAuthor(
          { perParent: 0, shape: 'object-or-list' },
          { order: [{ expr: at(book, 'pages'), descending: true, nulls: null }] },
        ),
      ],
    }),
    binds: [1],
    body: '{"resource":[{"id":1,"name":"Ann","book_by_author_id":{"id":3,"title":"Ember"}},{"id":2,"name":"Bo & Co","book_by_author_id":{"id":4,"title":"Ice"}},{"id":3,"name":"Cy","book_by_author_id":[]}]}',
  },
  {
    name: 'a record with relations, two levels deep',
    plan: authors({
      ...record,
      related: [
        booksOfAuthor(
          { perParent: 2 },
          {
            related: [
              tagsOfBook(
                { perParent: 2 },
                { order: [{ expr: at(tagsOfBook().plan.from, 'label'), descending: false, nulls: null }] },
              ),
            ],
          },
        ),
      ],
    }),
    binds: [1, 'gone', 10],
    body: '{"id":1,"name":"Ann","book_by_author_id":[{"id":1,"title":"Dust","tag_by_book_tag":[{"label":"old"},{"label":"sf"}]},{"id":2,"title":"Ash","tag_by_book_tag":[{"label":"new"}]},{"id":3,"title":"Ember","tag_by_book_tag":[]}]}',
  },
  {
    name: 'relations and no columns of its own',
    plan: reads(author, plain.map(hidden), {
      ...byId,
      limit: 0,
      related: [booksOfAuthor({ perParent: 1 }), booksOfAuthor({ perParent: 1, name: 'again' })],
    }),
    binds: [1, 1],
    body: '{"resource":[{"book_by_author_id":[{"id":1,"title":"Dust"}],"again":[{"id":1,"title":"Dust"}]}]}',
  },
  {
    name: 'relations in XML',
    plan: authors({ limit: 0, offset: 1, related: [booksOfAuthor({ perParent: 2 })] }),
    binds: [2, 1, 5],
    output: output('xml'),
    body: '<?xml version="1.0" ?><dfapi>\n\t<resource>\n\t\t<id>2</id>\n\t\t<name>Bo &amp; Co</name>\n\t\t<book_by_author_id>\n\t\t\t<id>4</id>\n\t\t\t<title>Ice</title>\n\t\t</book_by_author_id>\n\t</resource>\n\t<resource>\n\t\t<id>3</id>\n\t\t<name>Cy</name>\n\t</resource>\n</dfapi>\n',
  },
  {
    name: 'relations in CSV are JSON in a cell',
    plan: authors({
      limit: 0,
      offset: 1,
      related: [booksOfAuthor({ perParent: 2 }), booksOfAuthor({ perParent: 2, name: 'one', shape: 'object-or-null' })],
    }),
    binds: [2, 1, 5],
    output: output('csv'),
    body: 'id,name,book_by_author_id,one\n2,"Bo & Co","[{""id"":4,""title"":""Ice""}]","{""id"":4,""title"":""Ice""}"\n3,Cy,[],\n',
  },
]
for (const { name, plan, binds = [], output: out = output('json'), body } of cases) {
  test(name, async () => assert.equal((await run(db, plan, binds, out)).body, body))
}

test('every body is what the kernel makes of the same value, in every format', async () => {
  for (const { name, plan, binds = [], output: out = output('json') } of cases) {
    const value = parseJson((await run(db, plan, binds, { ...out, format: 'json' })).body)
    for (const format of ['json', 'xml', 'csv', 'text'] as const) {
      const asked = { ...out, format }
      const { body } = await run(db, plan, binds, asked)
      assert.equal(body, Buffer.from(encodeValue(asked, value)).toString('utf8'), `${name}: ${format}`)
    }
  }
})

test('no record: 404 with the text given, and nothing written', async () => {
  for (const format of ['json', 'xml', 'csv', 'text'] as const) {
    const gone = run(db, authors(record), [99, "Record with identifier '99' not found."], output(format))
    await assert.rejects(
      gone,
      (error) => error instanceof NotFound && error.message === "Record with identifier '99' not found.",
    )
  }
})

test('the rows tell the count where the list ended before its limit', async () => {
  assert.equal((await run(db, authors({ limit: 0, ...list('over') }), [5])).texts.length, 1)
  assert.equal((await run(db, authors({ limit: 0, ...list('over') }), [3])).texts.length, 2)
})

test('a list of binds keeps integers exact and texts as texts', async () => {
  const big = library()
  big.exec(
    "insert into author (id, name, rating) values (9007199254740993, '1', 4.5), (9007199254740992, '1.0', 4.25), (1, '\"x\\', null)",
  )
  const inList = (name: string) => authors({ where: { kind: 'in', left: at(author, name), list: 0 } })
  assert.equal(
    (await run(big, inList('id'), [[9007199254740993n]])).body,
    '{"resource":[{"id":9007199254740993,"name":"1"}]}',
  )
  assert.equal(
    (await run(big, inList('name'), [['1', '"x\\']])).body,
    '{"resource":[{"id":1,"name":"\\"x\\\\"},{"id":9007199254740993,"name":"1"}]}',
  )
  assert.equal(
    (await run(big, inList('rating'), [['4.50', 4.25]])).body,
    '{"resource":[{"id":9007199254740992,"name":"1.0"},{"id":9007199254740993,"name":"1"}]}',
  )
  big.close()
})

test('a list of bytes', async () => {
  const plan = reads(book, shown(book, 'id'), { where: { kind: 'in', left: at(book, 'cover'), list: 0 } })
  assert.equal((await run(db, plan, [[Uint8Array.of(0, 255)]])).body, '{"resource":[{"id":2}]}')
})

test('many rows come in chunks, many parents in windows, and nothing is lost', async () => {
  const many = library()
  many.exec(`
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
    insert into author (id, name) select i, 'author number ' || i || '${' '.repeat(120)}' from n;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000)
    insert into book (id, title, author_id) select i, 'book number ' || i, (i + 1) / 2 from n;
  `)
  const rows = await run(many, authors(), [])
  assert.equal(JSON.parse(rows.body).resource.length, 3000)
  // The first chunk holds what is sent in one piece where it is all.
  const [first = 0, ...later] = rows.chunks
  assert.ok(first >= 262_144 && first < 266_000, String(rows.chunks))
  assert.ok(
    later.length > 1 && later.slice(0, -1).every((size) => size >= 131_072 && size < 135_000),
    String(rows.chunks),
  )
  const related = await run(many, authors({ related: [booksOfAuthor({ perParent: 0 })] }), [5])
  const parsed = JSON.parse(related.body).resource
  assert.equal(parsed.length, 3000)
  for (const [i, each] of parsed.entries()) {
    assert.deepEqual(
      each.book_by_author_id.map((child: { id: number }) => child.id),
      [2 * i + 1, 2 * i + 2],
    )
  }
  // 250 + 500 + 1000 + 1000 + 250 parents.
  assert.equal(related.texts.length, 1 + 5)
  many.close()
})

test('children are counted for each parent only where one may have more than it may show', async () => {
  const books = [
    { id: 1, title: 'Dust' },
    { id: 2, title: 'Ash' },
    { id: 3, title: 'Ember' },
  ]
  // Three authors with 3, 1 and no books.
  for (const { most, statements } of [
    { most: 1, statements: ['counted'] },
    { most: 2, statements: ['counted'] },
    { most: 3, statements: ['counted'] },
    { most: 4, statements: ['few', 'counted'] },
    { most: 5, statements: ['few'] },
  ]) {
    const { body, texts } = await run(db, authors({ related: [booksOfAuthor({ perParent: 0 })] }), [most])
    const of = JSON.parse(body).resource.map((each: { book_by_author_id: unknown }) => each.book_by_author_id)
    assert.deepEqual(of, [books.slice(0, most), [{ id: 4, title: 'Ice' }], []], String(most))
    assert.deepEqual(
      texts.slice(1).map((text) => (text.includes('row_number') ? 'counted' : 'few')),
      statements,
      String(most),
    )
  }
})

test('where few were too many, many are expected', async () => {
  const runner = new ReadRunner(
    new SqliteCompiler().compileRead(authors({ related: [booksOfAuthor({ perParent: 0 })] }), 'r1'),
    wireValues,
  )
  const texts: string[][] = []
  for (const most of [4, 4, 6]) {
    const asked: string[] = []
    await runner.run(sourceOver(db, asked), [most], output('json'), { write() {} }, new AbortController().signal)
    texts.push(asked.slice(1).map((text) => (text.includes('row_number') ? 'counted' : 'few')))
  }
  assert.deepEqual(texts, [['few', 'counted'], ['counted'], ['few']])
})

test('a child table whose key has no index is not read once for each parent, whatever the condition', () => {
  const conditions: readonly (Predicate | null)[] = [
    null,
    eq(book, 'pages', 0),
    { kind: 'match', op: 'starts', left: at(book, 'title'), right: { kind: 'value', value: 0 } },
  ]
  for (const where of conditions) {
    const related = [
      booksOfAuthor({}, { where }),
      { ...tagsOfBook(), via: { ...throughBookTag, where: eq(bookTag, 'tag_id', 0) } },
    ]
    const programs = new SqliteCompiler().compileRead(authors({ related }), 'r1').related
    for (const { text, parameters } of programs.flatMap(({ rows, few }) =>
      few === null ? [rows] : [rows, few.rows],
    )) {
      // The limit of all is a number.
      const texts = db.prepare(`explain query plan ${text}`).all(...parameters.map(() => '[]'))
      const steps = (texts as unknown as string[][]).map((step) => String(step[3]))
      assert.ok(steps.includes('SCAN p'), steps.join('\n'))
      assert.ok(!steps.some((step) => /^SCAN [cj]\b/.test(step)), steps.join('\n'))
    }
  }
})

test('an aborted read stops', async () => {
  const aborted = new AbortController()
  const program = new SqliteCompiler().compileRead(authors(), 'r1')
  aborted.abort(new Error('gone'))
  const running = new ReadRunner(program, wireValues).run(
    sourceOver(db),
    [],
    output('json'),
    { write() {} },
    aborted.signal,
  )
  await assert.rejects(running, /gone/)
})

test('text/plain', async () => {
  const text = library()
  text.exec("insert into author (id, name) values (1, 'é/日')")
  assert.equal(
    (await run(text, authors(), [], output('text'))).body,
    '{"resource":[{"id":1,"name":"\\u00e9\\/\\u65e5"}]}',
  )
  text.close()
})
