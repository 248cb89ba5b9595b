/** Relations are matched by the database, by the type and collation of its own columns; also on servers that can do less. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { MysqlCompiler } from '../../../connectors/mysql/compiler.ts'
import { factsOf, type ServerFacts } from '../../../connectors/mysql/server.ts'
import { mysql } from '../../support/databases.ts'
import { type Arranged, arrange, isMariadb, numbers } from './database.ts'

const { database, skip } = await mysql()
after(() => database?.stop())
const mariadb = database === null || (await isMariadb(database))

interface Keys {
  readonly name: string
  /** The type of the key on both sides. */
  readonly parent: string
  readonly child?: string
  /** SQL literals of three keys of parents. */
  readonly keys: readonly [string, string, string]
  /** How children write the first and second of them, where differently. */
  readonly written?: readonly [string, string]
}

const kinds: readonly Keys[] = [
  { name: 'int', parent: 'int', keys: ['1', '-2', '3'] },
  { name: 'unsigned bigint', parent: 'bigint unsigned', keys: ['18446744073709551615', '9007199254740993', '3'] },
  { name: 'decimal', parent: 'decimal(30,10)', keys: ['12345678901234567890.0123456789', '0.5', '3'] },
  { name: 'date', parent: 'date', keys: ["'2024-02-29'", "'1970-01-01'", "'2000-01-01'"] },
  {
    name: 'datetime',
    parent: 'datetime(6)',
    keys: ["'2024-02-29 01:02:03.000004'", "'1970-01-01 00:00:00'", "'2000-01-01 00:00:00'"],
  },
  { name: 'binary', parent: 'binary(4)', keys: ["x'00ff1022'", "x'80000000'", "x'01020304'"] },
  {
    name: 'uuid',
    parent: 'uuid',
    keys: [
      "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'",
      "'6ba7b811-9dad-11d1-80b4-00c04fd430c8'",
      "'6ba7b812-9dad-11d1-80b4-00c04fd430c8'",
    ],
  },
  {
    name: 'text, any case',
    parent: 'varchar(20) collate utf8mb4_general_ci',
    keys: ["'Été'", "'b'", "'c'"],
    written: ["'éTÉ'", "'B'"],
  },
  { name: 'text, exactly', parent: 'varchar(20) collate utf8mb4_bin', keys: ["'a'", "'A'", "'c'"] },
  { name: 'text in latin1', parent: 'varchar(20) character set latin1', keys: ["'é€'", "'b'", "'c'"] },
  {
    name: 'text in turkish',
    parent: 'varchar(20) collate utf8mb4_turkish_ci',
    keys: ["'I'", "'İ'", "'c'"],
    written: ["'ı'", "'i'"],
  },
  { name: 'enum', parent: "enum('a','b','c')", keys: ["'a'", "'b'", "'c'"] },
  { name: 'char', parent: 'char(5)', keys: ["'ab'", "'?'", "'c'"] },
]

const tables = ({ parent, child = parent, keys, written = [keys[0], keys[1]] }: Keys): string => `
  create table up (k ${parent} primary key, n int);
  create table down (id int auto_increment primary key, k ${child}, foreign key (k) references up (k));
  insert into up values (${keys[0]}, 1), (${keys[1]}, 2), (${keys[2]}, 3);
  insert into down (k) values (${written[0]}), (${written[0]}), (${written[1]}), (null);`

/** What the server is taken for: MySQL only for itself, since version 8 types the parameters of a union in another way than those before it. */
const servers: readonly { readonly name: string; readonly facts: ServerFacts | null }[] = [
  { name: 'as it is', facts: null },
  ...(mariadb
    ? [
        { name: 'without JSON_TABLE', facts: factsOf('10.5.0-MariaDB', null, 1e7, 1) },
        { name: 'without window functions', facts: factsOf('5.7.40', null, 1e7, 1) },
      ]
    : []),
]

describe('keys of every type', { skip }, () => {
  for (const server of servers) {
    for (const kind of kinds) {
      if (kind.name === 'uuid' && !mariadb) continue
      it(`${kind.name}, ${server.name}`, async (t) => {
        assert.ok(database)
        const service = taken(await arrange(t, database, tables(kind)), server.facts)
        const { status, body } = await service.ask({
          path: '_table/up?fields=n&order=n&related=down_by_k&down_by_k.fields=id',
        })
        assert.equal(status, 200, JSON.stringify(body))
        assert.deepEqual(without(body, 'k'), {
          resource: [
            { n: 1, down_by_k: [{ id: 1 }, { id: 2 }] },
            { n: 2, down_by_k: [{ id: 3 }] },
            { n: 3, down_by_k: [] },
          ],
        })
        const back = await service.ask({ path: '_table/down?fields=id&order=id&related=up_by_k&up_by_k.fields=n' })
        assert.deepEqual(without(back.body, 'k'), {
          resource: [
            { id: 1, up_by_k: { n: 1 } },
            { id: 2, up_by_k: { n: 1 } },
            { id: 3, up_by_k: { n: 2 } },
            { id: 4, up_by_k: null },
          ],
        })
      })
    }
  }
})

const library = `
  create table author (id int primary key, name varchar(20));
  create table book (id int primary key, author_id int, title varchar(20), foreign key (author_id) references author (id));
  create table tag (id int primary key, label varchar(20));
  create table book_tag (book_id int, tag_id int, primary key (book_id, tag_id), foreign key (book_id) references book (id), foreign key (tag_id) references tag (id));
  insert into author select seq, concat('a', seq) from ${numbers(2_500)};
  insert into book select seq, (seq - 1) mod 2500 + 1, concat('b', seq) from ${numbers(5_000)};
  insert into tag values (1, 'red'), (2, 'blue');
  insert into book_tag values (1, 1), (1, 2), (2, 2);`

for (const server of servers)
  describe(`relations, ${server.name}`, { skip }, () => {
    it('of more parents than go in one statement', async (t) => {
      assert.ok(database)
      const { ask } = taken(await arrange(t, database, library, { config: { max_records: 5_000 } }), server.facts)
      const { body } = await ask({
        path: '_table/author?fields=id&order=id&related=book_by_author_id&book_by_author_id.fields=id',
      })
      const rows = (
        body as unknown as {
          readonly resource: readonly { id: number; book_by_author_id: readonly { id: number }[] }[]
        }
      ).resource
      assert.equal(rows.length, 2_500)
      for (const { id, book_by_author_id: books } of rows)
        assert.deepEqual(
          books.map((book) => book.id),
          [id, id + 2_500],
        )
    })

    it('several, nested, limited for each parent, through a junction', async (t) => {
      assert.ok(database)
      const { ask } = taken(await arrange(t, database, library), server.facts)
      const limited = await ask({
        path: '_table/author?fields=id&filter=id < 3&order=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.limit=1&book_by_author_id.order=id desc',
      })
      assert.deepEqual(without(limited.body, 'author_id'), {
        resource: [
          { id: 1, book_by_author_id: [{ id: 2_501 }] },
          { id: 2, book_by_author_id: [{ id: 2_502 }] },
        ],
      })
      const through = await ask({
        path: '_table/book?fields=id&filter=id < 3&order=id&related=tag_by_book_tag,author_by_author_id&tag_by_book_tag.fields=label&tag_by_book_tag.order=label&author_by_author_id.fields=name',
      })
      assert.deepEqual(without(through.body, 'author_id', 'id'), {
        resource: [
          { tag_by_book_tag: [{ label: 'blue' }, { label: 'red' }], author_by_author_id: { name: 'a1' } },
          { tag_by_book_tag: [{ label: 'blue' }], author_by_author_id: { name: 'a2' } },
        ],
      })
    })

    it('in pages and in groups for each parent', async (t) => {
      assert.ok(database)
      const { ask } = taken(await arrange(t, database, library), server.facts)
      const paged = await ask({
        path: '_table/author?fields=id&filter=id < 3&order=id desc&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.limit=1&book_by_author_id.offset=1&book_by_author_id.order=title desc',
      })
      assert.deepEqual(without(paged.body, 'author_id'), {
        resource: [
          { id: 2, book_by_author_id: [{ id: 2 }] },
          { id: 1, book_by_author_id: [{ id: 1 }] },
        ],
      })
      const groups = await ask({
        path: '_table/author?fields=id&filter=id < 3&order=id&related=book_by_author_id&book_by_author_id.fields=author_id,COUNT(*)&book_by_author_id.group=author_id',
      })
      assert.deepEqual(groups.body, {
        resource: [1, 2].map((id) => ({ id, book_by_author_id: [{ author_id: id, COUNT_ALL: 2 }] })),
      })
    })
  })

describe('lists of values', { skip }, () => {
  const sql = `create table item (id bigint unsigned primary key, price decimal(30,10), name varchar(20), flag tinyint(1));
    insert into item values (1, 0.1, 'a', 1), (2, 12345678901234567890.0000000001, 'b', 0), (18446744073709551615, 12345678901234567890.0000000002, 'C', null)`
  const cases: readonly (readonly [filter: string, names: readonly string[]])[] = [
    ['id in (1, 18446744073709551615)', ['a', 'C']],
    ['id in (18446744073709551614, 3)', []],
    ['price in (0.1, 12345678901234567890.0000000002)', ['a', 'C']],
    ['price = 12345678901234567890.0000000001', ['b']],
    ['name in (A, c, x)', ['a', 'C']],
    ['name not in (a)', ['b', 'C']],
    ['flag in (true)', ['a']],
    ["name in ('?', '\\\\', 'b')", ['b']],
  ]
  for (const [filter, names] of cases) {
    it(filter, async (t) => {
      assert.ok(database)
      const { ask } = await arrange(t, database, sql)
      const { body } = await ask({ path: `_table/item?fields=name&order=name&filter=${encodeURIComponent(filter)}` })
      assert.deepEqual(body, { resource: names.map((name) => ({ name })) } as Json)
    })
  }

  it('of a thousand', async (t) => {
    assert.ok(database)
    const { ask } = await arrange(t, database, sql)
    const ids = Array.from({ length: 1_000 }, (_, i) => i)
    const { body } = await ask({
      path: `_table/item?fields=name&order=name&filter=${encodeURIComponent(`id in (${ids.join(',')})`)}`,
    })
    assert.deepEqual(body, { resource: [{ name: 'a' }, { name: 'b' }] })
  })
})

/** Keys are shown beside relations; they are not what is looked at. */
function without(value: Json, ...keys: readonly string[]): Json {
  return JSON.parse(JSON.stringify(value, (key, each: unknown) => (keys.includes(key) ? undefined : each))) as Json
}

/** A service whose statements are made for another server. */
function taken(service: Arranged, facts: ServerFacts | null): Arranged {
  if (facts === null) return service
  const compiler = new MysqlCompiler(() => facts)
  service.dialect.compileRead = (plan, id) => compiler.compileRead(plan, id)
  return service
}
