/** Relations as SQL: one statement a relation and level. */
import type { ReadPlan } from 'dataferry/records'
import type { RelatedProgram } from 'dataferry/sql'
import {
  at,
  author,
  authorOfBook,
  book,
  booksOfAuthor,
  bookTag,
  col,
  edition,
  eq,
  print,
  reads,
  shown,
  tag,
  tagsOfBook,
  throughBookTag,
} from '../tables.ts'
import { type Expected, golden } from './golden.ts'

const texts = (related: readonly RelatedProgram[]): string[] =>
  related.flatMap((each) => [each.rows.text, ...texts(each.related)])

const cases: readonly { readonly name: string; readonly plan: ReadPlan; readonly sql: Expected<readonly string[]> }[] =
  [
    {
      name: 'has_many, limited for each parent',
      plan: reads(author, shown(author, 'id'), { related: [booksOfAuthor()] }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."id") as n from p join "book" as c on c."author_id" = p.k1 where alive(p.o, c."id")) as r where r.n <= ? order by r.o, r.n',
        ],
        postgres: [
          'select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."id") as n from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book" as c on c."author_id" = p.k1) as r where r.n <= $3 order by r.o, r.n',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.`id` as c0, c.`title` as c1, row_number() over (partition by p.o order by c.`id`) as n from p straight_join `book` as c on c.`author_id` = p.k1) as r where r.n <= ? order by r.o, r.n",
        ],
      },
    },
    {
      name: "in the relation's order, filtered",
      plan: reads(author, shown(author, 'id'), {
        related: [
          booksOfAuthor(
            {},
            {
              where: { kind: 'or', of: [eq(book, 'pages', 0), eq(book, 'title', 1)] },
              order: [
                { expr: at(book, 'title'), descending: true, nulls: 'last' },
                { expr: { kind: 'output', index: 0 }, descending: false, nulls: null },
              ],
            },
          ),
        ],
      }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."title" desc nulls last, c."id") as n from p join "book" as c on c."author_id" = p.k1 where case when alive(p.o, c."id") then (c."pages" = ? or c."title" = ?) end) as r where r.n <= ? order by r.o, r.n',
        ],
        postgres: [
          'select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."title" desc nulls last, c."id") as n from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book" as c on c."author_id" = p.k1 where (c."pages" = $3::bigint or c."title" = $4)) as r where r.n <= $5 order by r.o, r.n',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.`id` as c0, c.`title` as c1, row_number() over (partition by p.o order by c.`title` desc, c.`id`) as n from p straight_join `book` as c on c.`author_id` = p.k1 where (c.`pages` = ? or c.`title` = ?)) as r where r.n <= ? order by r.o, r.n",
        ],
      },
    },
    {
      name: 'belongs_to: the key of the parent table bounds it',
      plan: reads(book, shown(book, 'id', 'author_id'), { related: [authorOfBook()] }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select p.o, c."id", c."name" from p join "author" as c on c."id" = p.k1 where alive(p.o, c."id") order by p.o',
        ],
        postgres: [
          'select p.o, c."id", c."name" from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "author" as c on c."id" = p.k1 order by p.o',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select p.o, c.`id`, c.`name` from p straight_join `author` as c on c.`id` = p.k1 order by p.o",
        ],
      },
    },
    {
      name: 'an object by something that is no key',
      plan: reads(book, shown(book, 'id', 'title'), {
        related: [authorOfBook({ on: [{ parent: 1, child: col(author, 'name') }] })],
      }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."name" as c1, row_number() over (partition by p.o order by c."id") as n from p join "author" as c on c."name" = p.k1 where alive(p.o, c."id")) as r where r.n <= ? order by r.o, r.n',
        ],
        postgres: [
          'select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."name" as c1, row_number() over (partition by p.o order by c."id") as n from unnest($1::text[], $2::integer[]) as p (k1, o) join "author" as c on c."name" = p.k1) as r where r.n <= $3 order by r.o, r.n',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 varchar(255) character set utf8mb4 path '$[1]')) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.`id` as c0, c.`name` as c1, row_number() over (partition by p.o order by c.`id`) as n from p straight_join `author` as c on c.`name` = p.k1) as r where r.n <= ? order by r.o, r.n",
        ],
      },
    },
    {
      name: 'many_many through the junction, both filtered',
      plan: reads(book, shown(book, 'id'), {
        related: [
          tagsOfBook({ via: { ...throughBookTag, where: eq(bookTag, 'tag_id', 1) } }, { where: eq(tag, 'label', 0) }),
        ],
      }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0 from (select p.o as o, c."label" as c0, row_number() over (partition by p.o order by c."id") as n from p join "book_tag" as j on j."book_id" = p.k1 join "tag" as c on c."id" = j."tag_id" where case when alive(p.o, c."id") then j."tag_id" = ? and c."label" = ? end) as r where r.n <= ? order by r.o, r.n',
        ],
        postgres: [
          'select r.o, r.c0 from (select p.o as o, c."label" as c0, row_number() over (partition by p.o order by c."id") as n from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book_tag" as j on j."book_id" = p.k1 join "tag" as c on c."id" = j."tag_id" where j."tag_id" = $3::bigint and c."label" = $4) as r where r.n <= $5 order by r.o, r.n',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0 from (select p.o as o, c.`label` as c0, row_number() over (partition by p.o order by c.`id`) as n from p straight_join `book_tag` as j on j.`book_id` = p.k1 join `tag` as c on c.`id` = j.`tag_id` where j.`tag_id` = ? and c.`label` = ?) as r where r.n <= ? order by r.o, r.n",
        ],
      },
    },
    {
      name: 'many_many through a table that may hold a pair twice',
      plan: reads(book, shown(book, 'id'), {
        related: [
          tagsOfBook(
            { via: { ...throughBookTag, table: { ...bookTag, primaryKey: [] }, where: eq(bookTag, 'tag_id', 1) } },
            { where: eq(tag, 'label', 0) },
          ),
        ],
      }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0 from (select p.o as o, c."label" as c0, row_number() over (partition by p.o order by c."id") as n from (select distinct p.o as o, j."tag_id" as f1 from p join "book_tag" as j on j."book_id" = p.k1 where j."tag_id" = ?) as p join "tag" as c on c."id" = p.f1 where case when alive(p.o, c."id") then c."label" = ? end) as r where r.n <= ? order by r.o, r.n',
        ],
        postgres: [
          'select r.o, r.c0 from (select p.o as o, c."label" as c0, row_number() over (partition by p.o order by c."id") as n from (select distinct p.o as o, j."tag_id" as f1 from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book_tag" as j on j."book_id" = p.k1 where j."tag_id" = $3::bigint) as p join "tag" as c on c."id" = p.f1 where c."label" = $4) as r where r.n <= $5 order by r.o, r.n',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0 from (select p.o as o, c.`label` as c0, row_number() over (partition by p.o order by c.`id`) as n from (select distinct p.o as o, j.`tag_id` as f1 from p straight_join `book_tag` as j on j.`book_id` = p.k1 where j.`tag_id` = ?) as p straight_join `tag` as c on c.`id` = p.f1 where c.`label` = ?) as r where r.n <= ? order by r.o, r.n",
        ],
      },
    },
    {
      name: 'keys of two columns',
      plan: reads(print, shown(print, 'book_id', 'edition_no'), {
        related: [
          {
            ...authorOfBook(),
            name: 'edition',
            on: [
              { parent: 0, child: col(edition, 'book_id') },
              { parent: 1, child: col(edition, 'no') },
            ],
            plan: reads(edition, shown(edition, 'odd"name')),
          },
        ],
      }),
      sql: {
        sqlite: [
          'with p (o, k1, k2) as materialized (select value ->> 0, value ->> 1, value ->> 2 from json_each(?)) select p.o, c."odd""name" from p join "edition" as c on c."book_id" = p.k1 and c."no" = p.k2 where alive(p.o, c."book_id") order by p.o',
        ],
        postgres: [
          'select p.o, c."odd""name" from unnest($1::bigint[], $2::bigint[], $3::integer[]) as p (k1, k2, o) join "edition" as c on c."book_id" = p.k1 and c."no" = p.k2 order by p.o',
        ],
        mysql: [
          `with p (o, k1, k2) as (select t.o, t.k1, t.k2 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]', k2 bigint path '$[2]')) as t) select p.o, c.\`odd"name\` from p straight_join \`edition\` as c on c.\`book_id\` = p.k1 and c.\`no\` = p.k2 order by p.o`,
        ],
      },
    },
    {
      name: 'binary keys',
      plan: reads(book, shown(book, 'cover'), {
        related: [booksOfAuthor({ on: [{ parent: 0, child: col(book, 'cover') }] })],
      }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, unhex(value ->> 1) from json_each(?)) select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."id") as n from p join "book" as c on c."cover" = p.k1 where alive(p.o, c."id")) as r where r.n <= ? order by r.o, r.n',
        ],
        postgres: [
          'select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."id") as n from unnest($1::bytea[], $2::integer[]) as p (k1, o) join "book" as c on c."cover" = p.k1) as r where r.n <= $3 order by r.o, r.n',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, unhex(t.k1) from json_table(?, '$[*]' columns (o int path '$[0]', k1 varchar(512) path '$[1]')) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.`id` as c0, c.`title` as c1, row_number() over (partition by p.o order by c.`id`) as n from p straight_join `book` as c on c.`cover` = p.k1) as r where r.n <= ? order by r.o, r.n",
        ],
      },
    },
    {
      name: 'two levels',
      plan: reads(author, shown(author, 'id'), { related: [booksOfAuthor({}, { related: [tagsOfBook()] })] }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."id") as n from p join "book" as c on c."author_id" = p.k1 where alive(p.o, c."id")) as r where r.n <= ? order by r.o, r.n',
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0 from (select p.o as o, c."label" as c0, row_number() over (partition by p.o order by c."id") as n from p join "book_tag" as j on j."book_id" = p.k1 join "tag" as c on c."id" = j."tag_id" where alive(p.o, c."id")) as r where r.n <= ? order by r.o, r.n',
        ],
        postgres: [
          'select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."id") as n from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book" as c on c."author_id" = p.k1) as r where r.n <= $3 order by r.o, r.n',
          'select r.o, r.c0 from (select p.o as o, c."label" as c0, row_number() over (partition by p.o order by c."id") as n from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book_tag" as j on j."book_id" = p.k1 join "tag" as c on c."id" = j."tag_id") as r where r.n <= $3 order by r.o, r.n',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.`id` as c0, c.`title` as c1, row_number() over (partition by p.o order by c.`id`) as n from p straight_join `book` as c on c.`author_id` = p.k1) as r where r.n <= ? order by r.o, r.n",
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0 from (select p.o as o, c.`label` as c0, row_number() over (partition by p.o order by c.`id`) as n from p straight_join `book_tag` as j on j.`book_id` = p.k1 join `tag` as c on c.`id` = j.`tag_id`) as r where r.n <= ? order by r.o, r.n",
        ],
      },
    },
    {
      name: 'children in groups',
      plan: reads(author, shown(author, 'id'), {
        related: [
          booksOfAuthor(
            {},
            {
              columns: [
                ...shown(book, 'pages'),
                {
                  as: 'COUNT_ALL',
                  expr: { kind: 'aggregate', name: 'COUNT', of: null },
                  type: 'bigint',
                  column: null,
                  hidden: false,
                },
              ],
              group: [at(book, 'pages')],
              order: [{ expr: { kind: 'output', index: 1 }, descending: true, nulls: null }],
            },
          ),
        ],
      }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0, r.c1 from (select p.o as o, c."pages" as c0, count(*) as c1, row_number() over (partition by p.o order by count(*) desc) as n from p join "book" as c on c."author_id" = p.k1 where alive(p.o, c."id") group by p.o, c."pages") as r where r.n <= ? order by r.o, r.n',
        ],
        postgres: [
          'select r.o, r.c0, r.c1 from (select p.o as o, c."pages" as c0, count(*) as c1, row_number() over (partition by p.o order by count(*) desc) as n from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book" as c on c."author_id" = p.k1 group by p.o, c."pages") as r where r.n <= $3 order by r.o, r.n',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.`pages` as c0, count(*) as c1, row_number() over (partition by p.o order by count(*) desc) as n from p straight_join `book` as c on c.`author_id` = p.k1 group by p.o, c.`pages`) as r where r.n <= ? order by r.o, r.n",
        ],
      },
    },
  ]

const few: readonly { readonly name: string; readonly plan: ReadPlan; readonly sql: Expected<readonly string[]> }[] = [
  {
    name: 'has_many, uncounted',
    plan: reads(author, shown(author, 'id'), { related: [booksOfAuthor()] }),
    sql: {
      sqlite: [
        'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select p.o, c."id", c."title" from p join "book" as c on c."author_id" = p.k1 where alive(p.o, c."id") order by p.o, c."id" limit ?',
      ],
      postgres: [
        'select p.o, c."id", c."title" from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book" as c on c."author_id" = p.k1 order by p.o, c."id" limit $3',
      ],
      mysql: [
        "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select p.o, c.`id`, c.`title` from p straight_join `book` as c on c.`author_id` = p.k1 order by p.o, c.`id` limit ?",
      ],
    },
  },
  {
    name: 'many_many with an order and a condition, uncounted',
    plan: reads(book, shown(book, 'id'), {
      related: [
        tagsOfBook(
          {},
          {
            where: eq(tag, 'label', 3),
            order: [{ expr: { kind: 'output', index: 0 }, descending: true, nulls: 'last' }],
          },
        ),
      ],
    }),
    sql: {
      sqlite: [
        'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select p.o, c."label" from p join "book_tag" as j on j."book_id" = p.k1 join "tag" as c on c."id" = j."tag_id" where case when alive(p.o, c."id") then c."label" = ? end order by p.o, c."label" desc nulls last limit ?',
      ],
      postgres: [
        'select p.o, c."label" from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book_tag" as j on j."book_id" = p.k1 join "tag" as c on c."id" = j."tag_id" where c."label" = $3 order by p.o, c."label" desc nulls last limit $4',
      ],
      mysql: [
        "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select p.o, c.`label` from p straight_join `book_tag` as j on j.`book_id` = p.k1 join `tag` as c on c.`id` = j.`tag_id` where c.`label` = ? order by p.o, c.`label` desc limit ?",
      ],
    },
  },
  {
    name: 'what has one at most is not counted, what skips some is',
    plan: reads(book, shown(book, 'id', 'author_id'), { related: [authorOfBook(), tagsOfBook({ skip: 8 })] }),
    sql: { sqlite: [], postgres: [], mysql: [] },
  },
]
for (const { name, plan, sql } of few)
  golden(name, sql, (compiler) =>
    compiler.compileRead(plan, 'r1').related.flatMap((each) => (each.few === null ? [] : [each.few.rows.text])),
  )

for (const { name, plan, sql } of cases)
  golden(name, sql, (compiler) => texts(compiler.compileRead(plan, 'r1').related))
