/** Writes as SQL: one statement for each row of binds. */
import type { WritePlan } from 'dataferry/records'
import { at, book, bookTag, col, edition, eq, shown, value } from '../tables.ts'
import { type Expected, golden } from './golden.ts'

const cases: readonly { readonly name: string; readonly plan: WritePlan; readonly sql: Expected<readonly string[]> }[] =
  [
    {
      name: 'insert',
      plan: {
        kind: 'insert',
        into: book,
        set: [
          { column: col(book, 'title'), expr: value(0) },
          { column: col(book, 'pages'), expr: value(1) },
        ],
        where: null,
        key: [],
        returning: shown(book, 'id'),
      },
      sql: {
        sqlite: ['insert into "book" ("title", "pages") values (?, ?) returning "id"'],
        postgres: ['insert into "book" ("title", "pages") values ($1, $2) returning "id"'],
        mysql: ['insert into `book` (`title`, `pages`) values (?, ?)'],
      },
    },
    {
      name: 'insert of nothing',
      plan: { kind: 'insert', into: book, set: [], where: null, key: [], returning: shown(book, 'id') },
      sql: {
        sqlite: ['insert into "book" default values returning "id"'],
        postgres: ['insert into "book" default values returning "id"'],
        mysql: ['insert into `book` () values ()'],
      },
    },
    {
      name: 'insert of an expression',
      plan: {
        kind: 'insert',
        into: book,
        set: [{ column: col(book, 'title'), expr: { kind: 'call', name: 'upper', args: [value(0)] } }],
        where: null,
        key: [],
        returning: [],
      },
      sql: {
        sqlite: ['insert into "book" ("title") values (upper(?))'],
        postgres: ['insert into "book" ("title") values (upper($1::text))'],
        mysql: ['insert into `book` (`title`) values (upper(?))'],
      },
    },
    {
      name: 'update by key',
      plan: {
        kind: 'update',
        into: book,
        set: [{ column: col(book, 'title'), expr: value(0) }],
        where: eq(book, 'id', 1),
        key: [],
        returning: shown(book, 'id'),
      },
      sql: {
        sqlite: ['update "book" set "title" = ? where "id" = ? returning "id"'],
        postgres: ['update "book" set "title" = $1 where "id" = $2::bigint returning "id"'],
        mysql: ['update `book` set `title` = ? where `id` = ?'],
      },
    },
    {
      name: 'update of many, with own fields',
      plan: {
        kind: 'update',
        into: book,
        set: [
          {
            column: col(book, 'pages'),
            expr: { kind: 'arithmetic', op: '+', left: at(book, 'pages'), right: value(0) },
          },
        ],
        where: { kind: 'in', left: at(book, 'id'), list: 1 },
        key: [],
        returning: [],
      },
      sql: {
        sqlite: [
          'update "book" set "pages" = ("pages" + ?) where alive() and "id" in (select value from json_each(?))',
        ],
        postgres: ['update "book" set "pages" = ("pages" + $1::numeric) where "id" = any($2::bigint[])'],
        mysql: ['update `book` set `pages` = (`pages` + cast(? as decimal(65,30))) where `id` in (?)'],
      },
    },
    {
      name: 'upsert',
      plan: {
        kind: 'upsert',
        into: book,
        set: [
          { column: col(book, 'id'), expr: value(0) },
          { column: col(book, 'title'), expr: value(1) },
        ],
        where: null,
        key: [col(book, 'id')],
        returning: shown(book, 'id'),
      },
      sql: {
        sqlite: [
          'insert into "book" ("id", "title") values (?, ?) on conflict ("id") do update set "title" = excluded."title" returning "id"',
        ],
        postgres: [
          'insert into "book" ("id", "title") values ($1, $2) on conflict ("id") do update set "title" = excluded."title" returning "id"',
        ],
        mysql: ['insert into `book` (`id`, `title`) values (?, ?) on duplicate key update `title` = values(`title`)'],
      },
    },
    {
      name: 'upsert of nothing but the key',
      plan: {
        kind: 'upsert',
        into: bookTag,
        set: [
          { column: col(bookTag, 'book_id'), expr: value(0) },
          { column: col(bookTag, 'tag_id'), expr: value(1) },
        ],
        where: null,
        key: [...bookTag.columns],
        returning: [],
      },
      sql: {
        sqlite: [
          'insert into "book_tag" ("book_id", "tag_id") values (?, ?) on conflict ("book_id", "tag_id") do update set "book_id" = excluded."book_id", "tag_id" = excluded."tag_id"',
        ],
        postgres: [
          'insert into "book_tag" ("book_id", "tag_id") values ($1, $2) on conflict ("book_id", "tag_id") do update set "book_id" = excluded."book_id", "tag_id" = excluded."tag_id"',
        ],
        mysql: [
          'insert into `book_tag` (`book_id`, `tag_id`) values (?, ?) on duplicate key update `book_id` = `book_id`, `tag_id` = `tag_id`',
        ],
      },
    },
    {
      name: 'delete',
      plan: {
        kind: 'delete',
        into: edition,
        set: [],
        where: { kind: 'and', of: [eq(edition, 'book_id', 0), eq(edition, 'no', 1)] },
        key: [],
        returning: shown(edition, 'odd"name'),
      },
      sql: {
        sqlite: ['delete from "edition" where "book_id" = ? and "no" = ? returning "odd""name"'],
        postgres: ['delete from "edition" where "book_id" = $1::bigint and "no" = $2::bigint returning "odd""name"'],
        mysql: ['delete from `edition` where `book_id` = ? and `no` = ?'],
      },
    },
    {
      name: 'delete of everything',
      plan: { kind: 'delete', into: book, set: [], where: null, key: [], returning: [] },
      sql: {
        sqlite: ['delete from "book"'],
        postgres: ['delete from "book"'],
        mysql: ['delete from `book`'],
      },
    },
  ]

for (const { name, plan, sql } of cases)
  golden(name, sql, (compiler) => [compiler.compileWrite(plan, 'w1').statement.text])
