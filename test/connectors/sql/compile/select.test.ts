/** Reads of one table as SQL. */
import type { ReadPlan } from 'dataferry/records'
import { at, author, authorBook, book, col, edition, eq, hidden, reads, shown, tag, value } from '../tables.ts'
import { type Expected, golden } from './golden.ts'

const statements = (plan: { rows: { text: string } | null; count: { text: string } | null }): string[] =>
  [plan.rows, plan.count].flatMap((statement) => (statement === null ? [] : [statement.text]))

const cases: readonly { readonly name: string; readonly plan: ReadPlan; readonly sql: Expected<readonly string[]> }[] =
  [
    {
      name: 'all rows',
      plan: reads(book, shown(book, 'id', 'title')),
      sql: {
        sqlite: ['select "id", "title" from "book" where alive()'],
        postgres: ['select "id", "title" from "book"'],
        mysql: ['select `id`, `title` from `book`'],
      },
    },
    {
      name: 'a record by its key is a point',
      plan: reads(book, shown(book, 'id'), { where: eq(book, 'id', 0), result: { kind: 'record', missing: 1 } }),
      sql: {
        sqlite: ['select "id" from "book" where "id" = ?'],
        postgres: ['select "id" from "book" where "id" = $1::bigint'],
        mysql: ['select `id` from `book` where `id` = ?'],
      },
    },
    {
      name: 'a record by another column stops at the first',
      plan: reads(book, shown(book, 'id'), { where: eq(book, 'title', 0), result: { kind: 'record', missing: 1 } }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and "title" = ? limit 1'],
        postgres: ['select "id" from "book" where "title" = $1 limit 1'],
        mysql: ['select `id` from `book` where `title` = ? limit 1'],
      },
    },
    {
      name: 'a unique column is a key too',
      plan: reads(author, shown(author, 'id'), {
        where: { kind: 'and', of: [eq(author, 'email', 0), eq(author, 'active', 1)] },
      }),
      sql: {
        sqlite: ['select "id" from "author" where "email" = ? and "active" = ?'],
        postgres: ['select "id" from "author" where "email" = $1 and "active" = $2'],
        mysql: ['select `id` from `author` where `email` = ? and `active` = ?'],
      },
    },
    {
      name: 'half a key is none',
      plan: reads(edition, shown(edition, 'no'), { where: eq(edition, 'book_id', 0) }),
      sql: {
        sqlite: ['select "no" from "edition" where alive() and "book_id" = ?'],
        postgres: ['select "no" from "edition" where "book_id" = $1::bigint'],
        mysql: ['select `no` from `edition` where `book_id` = ?'],
      },
    },
    {
      name: 'a whole key of two columns',
      plan: reads(edition, shown(edition, 'no'), {
        where: { kind: 'and', of: [eq(edition, 'book_id', 0), eq(edition, 'no', 1)] },
      }),
      sql: {
        sqlite: ['select "no" from "edition" where "book_id" = ? and "no" = ?'],
        postgres: ['select "no" from "edition" where "book_id" = $1::bigint and "no" = $2::bigint'],
        mysql: ['select `no` from `edition` where `book_id` = ? and `no` = ?'],
      },
    },
    {
      name: 'a key under OR fixes nothing',
      plan: reads(book, shown(book, 'id'), { where: { kind: 'or', of: [eq(book, 'id', 0), eq(book, 'id', 1)] } }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and ("id" = ? or "id" = ?)'],
        postgres: ['select "id" from "book" where "id" = $1::bigint or "id" = $2::bigint'],
        mysql: ['select `id` from `book` where `id` = ? or `id` = ?'],
      },
    },
    {
      name: 'hidden columns are read',
      plan: reads(book, [...shown(book, 'id'), ...shown(book, 'author_id').map(hidden)]),
      sql: {
        sqlite: ['select "id", "author_id" from "book" where alive()'],
        postgres: ['select "id", "author_id" from "book"'],
        mysql: ['select `id`, `author_id` from `book`'],
      },
    },
    {
      name: 'names are quoted, quotes in them doubled',
      plan: reads(edition, shown(edition, 'odd"name')),
      sql: {
        sqlite: ['select "odd""name" from "edition" where alive()'],
        postgres: ['select "odd""name" from "edition"'],
        mysql: ['select `odd"name` from `edition`'],
      },
    },
    {
      name: 'a schema of its own',
      plan: reads({ ...tag, name: 'main.tag', schema: 'main' }, shown(tag, 'label')),
      sql: {
        sqlite: ['select "label" from "main"."tag" where alive()'],
        postgres: ['select "label" from "main"."tag"'],
        mysql: ['select `label` from `main`.`tag`'],
      },
    },
    {
      name: 'limit and offset are bound',
      plan: reads(book, shown(book, 'id'), { limit: 0, offset: 1 }),
      sql: {
        sqlite: ['select "id" from "book" where alive() limit ? offset ?'],
        postgres: ['select "id" from "book" limit $1 offset $2'],
        mysql: ['select `id` from `book` limit ? offset ?'],
      },
    },
    {
      name: 'an offset alone',
      plan: reads(book, shown(book, 'id'), { offset: 0 }),
      sql: {
        sqlite: ['select "id" from "book" where alive() limit -1 offset ?'],
        postgres: ['select "id" from "book" offset $1'],
        mysql: ['select `id` from `book` limit 18446744073709551615 offset ?'],
      },
    },
    {
      name: 'order',
      plan: reads(book, shown(book, 'id'), {
        order: [
          { expr: at(book, 'title'), descending: true, nulls: null },
          { expr: at(book, 'pages'), descending: false, nulls: 'first' },
          { expr: at(book, 'id'), descending: true, nulls: 'last' },
        ],
      }),
      sql: {
        sqlite: [
          'select "id" from "book" where alive() order by "title" desc, "pages" nulls first, "id" desc nulls last',
        ],
        postgres: ['select "id" from "book" order by "title" desc, "pages" nulls first, "id" desc nulls last'],
        mysql: ['select `id` from `book` order by `title` desc, `pages`, `id` desc'],
      },
    },
    {
      name: 'order by an output and by an expression',
      plan: reads(book, shown(book, 'id', 'pages'), {
        order: [
          { expr: { kind: 'output', index: 1 }, descending: true, nulls: null },
          { expr: { kind: 'call', name: 'length', args: [at(book, 'title')] }, descending: false, nulls: null },
        ],
      }),
      sql: {
        sqlite: ['select "id", "pages" from "book" where alive() order by 2 desc, length("title")'],
        postgres: ['select "id", "pages" from "book" order by 2 desc, length("title")'],
        mysql: ['select `id`, `pages` from `book` order by 2 desc, char_length(`title`)'],
      },
    },
    {
      name: 'groups and aggregates, counted before grouping',
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
          {
            as: 'SUM_pages',
            expr: { kind: 'aggregate', name: 'SUM', of: at(book, 'pages') },
            type: 'integer',
            column: col(book, 'pages'),
            hidden: false,
          },
        ],
        {
          where: eq(book, 'pages', 0),
          group: [at(book, 'author_id')],
          result: { kind: 'list', count: 'also', schema: null },
        },
      ),
      sql: {
        sqlite: [
          'select "author_id", count(*), sum("pages") from "book" where alive() and "pages" = ? group by "author_id"',
          'select count(*) from "book" where alive() and "pages" = ?',
        ],
        postgres: [
          'select "author_id", count(*), sum("pages") from "book" where "pages" = $1::bigint group by "author_id"',
          'select count(*) from "book" where "pages" = $1::bigint',
        ],
        mysql: [
          'select `author_id`, count(*), sum(`pages`) from `book` where `pages` = ? group by `author_id`',
          'select count(*) from `book` where `pages` = ?',
        ],
      },
    },
    {
      name: 'a view',
      plan: reads(authorBook, shown(authorBook, 'title'), { where: eq(authorBook, 'name', 0) }),
      sql: {
        sqlite: ['select "title" from "author_book" where alive("name", "title") and "name" = ?'],
        postgres: ['select "title" from "author_book" where "name" = $1'],
        mysql: ['select `title` from `author_book` where `name` = ?'],
      },
    },
    {
      name: 'a count alone',
      plan: reads(book, [], { where: eq(book, 'author_id', 0), result: { kind: 'count' } }),
      sql: {
        sqlite: ['select count(*) from "book" where alive() and "author_id" = ?'],
        postgres: ['select count(*) from "book" where "author_id" = $1::bigint'],
        mysql: ['select count(*) from `book` where `author_id` = ?'],
      },
    },
    {
      name: 'an expression as output',
      plan: reads(book, [
        {
          as: 'x',
          expr: { kind: 'arithmetic', op: '+', left: at(book, 'pages'), right: value(0) },
          type: 'integer',
          column: null,
          hidden: false,
        },
      ]),
      sql: {
        sqlite: ['select ("pages" + ?) from "book" where alive()'],
        postgres: ['select ("pages" + $1::numeric) from "book"'],
        mysql: ['select (`pages` + cast(? as decimal(65,30))) from `book`'],
      },
    },
  ]

for (const { name, plan, sql } of cases) golden(name, sql, (compiler) => statements(compiler.compileRead(plan, 'r1')))
