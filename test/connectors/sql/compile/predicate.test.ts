/** Conditions and expressions of data-plane 4.3 and 4.7 as SQL. */
import type { ReadPlan } from 'dataferry/records'
import { at, author, book, eq, reads, shown, value } from '../tables.ts'
import { type Expected, golden } from './golden.ts'

const cases: readonly { readonly name: string; readonly plan: ReadPlan; readonly sql: Expected<readonly string[]> }[] =
  [
    {
      name: 'equal and not equal',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'and',
          of: [
            { kind: 'compare', op: '=', left: at(book, 'pages'), right: value(0) },
            { kind: 'compare', op: '!=', left: at(book, 'pages'), right: value(1) },
          ],
        },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and ("pages" = ? and "pages" <> ?)'],
        postgres: ['select "id" from "book" where "pages" = $1::bigint and "pages" <> $2::bigint'],
        mysql: ['select `id` from `book` where `pages` = ? and `pages` <> ?'],
      },
    },
    {
      name: 'order comparisons',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'and',
          of: [
            { kind: 'compare', op: '<', left: at(book, 'pages'), right: value(0) },
            { kind: 'compare', op: '<=', left: at(book, 'pages'), right: value(1) },
            { kind: 'compare', op: '>', left: at(book, 'pages'), right: value(2) },
            { kind: 'compare', op: '>=', left: at(book, 'pages'), right: value(3) },
          ],
        },
      }),
      sql: {
        sqlite: [
          'select "id" from "book" where alive() and ("pages" < ? and "pages" <= ? and "pages" > ? and "pages" >= ?)',
        ],
        postgres: [
          'select "id" from "book" where "pages" < $1::bigint and "pages" <= $2::bigint and "pages" > $3::bigint and "pages" >= $4::bigint',
        ],
        mysql: ['select `id` from `book` where `pages` < ? and `pages` <= ? and `pages` > ? and `pages` >= ?'],
      },
    },
    {
      name: 'decimal, boolean, text and date take their own types',
      plan: reads(author, shown(author, 'id'), {
        where: {
          kind: 'and',
          of: [eq(author, 'rating', 0), eq(author, 'active', 1), eq(author, 'name', 2), eq(author, 'born', 3)],
        },
      }),
      sql: {
        sqlite: [
          'select "id" from "author" where alive() and ("rating" = ? and "active" = ? and "name" = ? and "born" = ?)',
        ],
        postgres: [
          'select "id" from "author" where "rating" = $1::numeric and "active" = $2 and "name" = $3 and "born" = $4',
        ],
        mysql: [
          'select `id` from `author` where `rating` = cast(? as decimal(65,30)) and `active` = ? and `name` = ? and `born` = ?',
        ],
      },
    },
    {
      name: 'field with field',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'compare', op: '<', left: at(book, 'pages'), right: at(book, 'author_id') },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and "pages" < "author_id"'],
        postgres: ['select "id" from "book" where "pages" < "author_id"'],
        mysql: ['select `id` from `book` where `pages` < `author_id`'],
      },
    },
    {
      name: 'or inside and, and inside or',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'and',
          of: [
            {
              kind: 'or',
              of: [
                { kind: 'compare', op: '=', left: at(book, 'pages'), right: value(0) },
                {
                  kind: 'and',
                  of: [
                    { kind: 'compare', op: '=', left: at(book, 'pages'), right: value(1) },
                    { kind: 'compare', op: '=', left: at(book, 'title'), right: value(2) },
                  ],
                },
              ],
            },
            { kind: 'compare', op: '=', left: at(book, 'pages'), right: value(3) },
          ],
        },
      }),
      sql: {
        sqlite: [
          'select "id" from "book" where alive() and (("pages" = ? or ("pages" = ? and "title" = ?)) and "pages" = ?)',
        ],
        postgres: [
          'select "id" from "book" where ("pages" = $1::bigint or ("pages" = $2::bigint and "title" = $3)) and "pages" = $4::bigint',
        ],
        mysql: ['select `id` from `book` where (`pages` = ? or (`pages` = ? and `title` = ?)) and `pages` = ?'],
      },
    },
    {
      name: 'not',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'not',
          of: {
            kind: 'and',
            of: [
              { kind: 'compare', op: '=', left: at(book, 'pages'), right: value(0) },
              { kind: 'compare', op: '=', left: at(book, 'title'), right: value(1) },
            ],
          },
        },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and not ("pages" = ? and "title" = ?)'],
        postgres: ['select "id" from "book" where not ("pages" = $1::bigint and "title" = $2)'],
        mysql: ['select `id` from `book` where not (`pages` = ? and `title` = ?)'],
      },
    },
    {
      name: 'xor of three',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'xor',
          of: [
            { kind: 'compare', op: '=', left: at(book, 'pages'), right: value(0) },
            { kind: 'compare', op: '=', left: at(book, 'pages'), right: value(1) },
            { kind: 'compare', op: '=', left: at(book, 'pages'), right: value(2) },
          ],
        },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and ((("pages" = ?) <> ("pages" = ?)) <> ("pages" = ?))'],
        postgres: [
          'select "id" from "book" where (("pages" = $1::bigint) <> ("pages" = $2::bigint)) <> ("pages" = $3::bigint)',
        ],
        mysql: ['select `id` from `book` where ((`pages` = ?) xor (`pages` = ?)) xor (`pages` = ?)'],
      },
    },
    {
      name: 'and of one, of none',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'or',
          of: [
            { kind: 'and', of: [{ kind: 'compare', op: '=', left: at(book, 'pages'), right: value(0) }] },
            { kind: 'and', of: [] },
            { kind: 'or', of: [] },
          ],
        },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and (("pages" = ?) or (1 = 1) or (1 = 0))'],
        postgres: ['select "id" from "book" where ("pages" = $1::bigint) or (1 = 1) or (1 = 0)'],
        mysql: ['select `id` from `book` where (`pages` = ?) or (1 = 1) or (1 = 0)'],
      },
    },
    {
      name: 'a list is one parameter',
      plan: reads(book, shown(book, 'id'), { where: { kind: 'in', left: at(book, 'pages'), list: 0 } }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and "pages" in (select value from json_each(?))'],
        postgres: ['select "id" from "book" where "pages" = any($1::bigint[])'],
        mysql: ['select `id` from `book` where `pages` in (?)'],
      },
    },
    {
      name: 'a list of texts, negated',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'not', of: { kind: 'in', left: at(book, 'title'), list: 0 } },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and not ("title" in (select value from json_each(?)))'],
        postgres: ['select "id" from "book" where not ("title" = any($1))'],
        mysql: ['select `id` from `book` where not (`title` in (?))'],
      },
    },
    {
      name: 'a list of bytes',
      plan: reads(book, shown(book, 'id'), { where: { kind: 'in', left: at(book, 'cover'), list: 0 } }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and "cover" in (select unhex(value) from json_each(?))'],
        postgres: ['select "id" from "book" where "cover" = any($1)'],
        mysql: ['select `id` from `book` where `cover` in (?)'],
      },
    },
    {
      name: 'a list against an expression',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'in', left: { kind: 'call', name: 'lower', args: [at(book, 'title')] }, list: 0 },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and lower("title") in (select value from json_each(?))'],
        postgres: ['select "id" from "book" where lower("title") = any($1)'],
        mysql: ['select `id` from `book` where lower(`title`) in (?)'],
      },
    },
    {
      name: 'between',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'between', left: at(book, 'pages'), low: value(0), high: value(1) },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and "pages" between ? and ?'],
        postgres: ['select "id" from "book" where "pages" between $1::bigint and $2::bigint'],
        mysql: ['select `id` from `book` where `pages` between ? and ?'],
      },
    },
    {
      name: 'null',
      plan: reads(book, shown(book, 'id'), { where: { kind: 'null', left: at(book, 'title') } }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and "title" is null'],
        postgres: ['select "id" from "book" where "title" is null'],
        mysql: ['select `id` from `book` where `title` is null'],
      },
    },
    {
      name: 'not null',
      plan: reads(book, shown(book, 'id'), { where: { kind: 'not', of: { kind: 'null', left: at(book, 'title') } } }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and not ("title" is null)'],
        postgres: ['select "id" from "book" where not ("title" is null)'],
        mysql: ['select `id` from `book` where not (`title` is null)'],
      },
    },
    {
      name: 'like',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'match', op: 'like', left: at(book, 'title'), right: value(0) },
      }),
      sql: {
        sqlite: [`select "id" from "book" where alive() and "title" like ? escape '\\'`],
        postgres: ['select "id" from "book" where "title" like $1::text'],
        mysql: ['select `id` from `book` where `title` like ?'],
      },
    },
    {
      name: 'ilike',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'match', op: 'ilike', left: at(book, 'title'), right: value(0) },
      }),
      sql: {
        sqlite: [`select "id" from "book" where alive() and "title" like ? escape '\\'`],
        postgres: ['select "id" from "book" where "title" ilike $1::text'],
        mysql: ['select `id` from `book` where lower(`title`) like lower(?)'],
      },
    },
    {
      name: 'contains',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'match', op: 'contains', left: at(book, 'title'), right: value(0) },
      }),
      sql: {
        sqlite: [`select "id" from "book" where alive() and "title" like '%' || ? || '%' escape '\\'`],
        postgres: [`select "id" from "book" where "title" like '%' || $1::text || '%'`],
        mysql: ["select `id` from `book` where `title` like concat('%', ?, '%')"],
      },
    },
    {
      name: 'starts with',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'match', op: 'starts', left: at(book, 'title'), right: value(0) },
      }),
      sql: {
        sqlite: [`select "id" from "book" where alive() and "title" like ? || '%' escape '\\'`],
        postgres: [`select "id" from "book" where "title" like $1::text || '%'`],
        mysql: ["select `id` from `book` where `title` like concat(?, '%')"],
      },
    },
    {
      name: 'ends with',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'match', op: 'ends', left: at(book, 'title'), right: value(0) },
      }),
      sql: {
        sqlite: [`select "id" from "book" where alive() and "title" like '%' || ? escape '\\'`],
        postgres: [`select "id" from "book" where "title" like '%' || $1::text`],
        mysql: ["select `id` from `book` where `title` like concat('%', ?)"],
      },
    },
    {
      name: 'like on a number',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'match', op: 'like', left: at(book, 'pages'), right: value(0) },
      }),
      sql: {
        sqlite: [`select "id" from "book" where alive() and "pages" like ? escape '\\'`],
        postgres: ['select "id" from "book" where "pages"::text like $1::text'],
        mysql: ['select `id` from `book` where `pages` like ?'],
      },
    },
    {
      name: 'contains another field',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'match', op: 'contains', left: at(book, 'title'), right: at(book, 'id') },
      }),
      sql: {
        sqlite: [`select "id" from "book" where alive() and "title" like '%' || "id" || '%' escape '\\'`],
        postgres: [`select "id" from "book" where "title" like '%' || "id" || '%'`],
        mysql: ["select `id` from `book` where `title` like concat('%', `id`, '%')"],
      },
    },
    {
      name: 'lower of a value',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'compare',
          op: '=',
          left: at(book, 'title'),
          right: { kind: 'call', name: 'lower', args: [value(0)] },
        },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and "title" = lower(?)'],
        postgres: ['select "id" from "book" where "title" = lower($1::text)'],
        mysql: ['select `id` from `book` where `title` = lower(?)'],
      },
    },
    {
      name: 'upper, trim, length',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'and',
          of: [
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'upper', args: [at(book, 'title')] },
              right: value(1),
            },
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'trim', args: [at(book, 'title')] },
              right: value(1),
            },
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'length', args: [at(book, 'title')] },
              right: value(1),
            },
          ],
        },
      }),
      sql: {
        sqlite: [
          'select "id" from "book" where alive() and (upper("title") = ? and trim("title") = ? and length("title") = ?)',
        ],
        postgres: ['select "id" from "book" where upper("title") = $1 and trim("title") = $2 and length("title") = $3'],
        mysql: ['select `id` from `book` where upper(`title`) = ? and trim(`title`) = ? and char_length(`title`) = ?'],
      },
    },
    {
      name: 'abs, floor, ceil',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'and',
          of: [
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'abs', args: [at(book, 'pages')] },
              right: value(1),
            },
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'floor', args: [at(book, 'pages')] },
              right: value(1),
            },
            { kind: 'compare', op: '=', left: { kind: 'call', name: 'ceil', args: [value(0)] }, right: value(1) },
          ],
        },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and (abs("pages") = ? and floor("pages") = ? and ceil(?) = ?)'],
        postgres: [
          'select "id" from "book" where abs("pages") = $1 and floor("pages") = $2 and ceil($3::numeric) = $4',
        ],
        mysql: [
          'select `id` from `book` where abs(`pages`) = ? and floor(`pages`) = ? and ceil(cast(? as decimal(65,30))) = ?',
        ],
      },
    },
    {
      name: 'round to digits',
      plan: reads(author, shown(author, 'id'), {
        where: {
          kind: 'compare',
          op: '=',
          left: { kind: 'call', name: 'round', args: [at(author, 'rating'), value(0)] },
          right: value(1),
        },
      }),
      sql: {
        sqlite: ['select "id" from "author" where alive() and round("rating", ?) = ?'],
        postgres: ['select "id" from "author" where round("rating"::numeric, $1::bigint::integer) = $2'],
        mysql: ['select `id` from `author` where round(`rating`, ?) = ?'],
      },
    },
    {
      name: 'round of a value',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'compare', op: '=', left: { kind: 'call', name: 'round', args: [value(0)] }, right: value(1) },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and round(?) = ?'],
        postgres: ['select "id" from "book" where round($1::numeric) = $2'],
        mysql: ['select `id` from `book` where round(cast(? as decimal(65,30))) = ?'],
      },
    },
    {
      name: 'coalesce',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'compare',
          op: '=',
          left: { kind: 'call', name: 'coalesce', args: [at(book, 'pages'), value(0)] },
          right: value(1),
        },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and coalesce("pages", ?) = ?'],
        postgres: ['select "id" from "book" where coalesce("pages", $1) = $2'],
        mysql: ['select `id` from `book` where coalesce(`pages`, ?) = ?'],
      },
    },
    {
      name: 'current times',
      plan: reads(author, shown(author, 'id'), {
        where: {
          kind: 'or',
          of: [
            { kind: 'compare', op: '<', left: at(author, 'born'), right: { kind: 'call', name: 'now', args: [] } },
            {
              kind: 'compare',
              op: '<',
              left: at(author, 'born'),
              right: { kind: 'call', name: 'current_date', args: [] },
            },
            {
              kind: 'compare',
              op: '<',
              left: at(author, 'born'),
              right: { kind: 'call', name: 'current_timestamp', args: [] },
            },
          ],
        },
      }),
      sql: {
        sqlite: [
          'select "id" from "author" where alive() and ("born" < current_timestamp or "born" < current_date or "born" < current_timestamp)',
        ],
        postgres: [
          'select "id" from "author" where "born" < current_timestamp or "born" < current_date or "born" < current_timestamp',
        ],
        mysql: [
          'select `id` from `author` where `born` < current_timestamp or `born` < current_date or `born` < current_timestamp',
        ],
      },
    },
    {
      name: 'current time',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'compare',
          op: '<',
          left: { kind: 'call', name: 'current_time', args: [] },
          right: { kind: 'call', name: 'current_time', args: [] },
        },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and current_time < current_time'],
        postgres: ['select "id" from "book" where current_time < current_time'],
        mysql: ['select `id` from `book` where current_time < current_time'],
      },
    },
    {
      name: 'date parts',
      plan: reads(author, shown(author, 'id'), {
        where: {
          kind: 'and',
          of: [
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'year', args: [at(author, 'born')] },
              right: value(1),
            },
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'month', args: [at(author, 'born')] },
              right: value(1),
            },
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'day', args: [at(author, 'born')] },
              right: value(1),
            },
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'hour', args: [at(author, 'born')] },
              right: value(1),
            },
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'minute', args: [at(author, 'born')] },
              right: value(1),
            },
            {
              kind: 'compare',
              op: '=',
              left: { kind: 'call', name: 'second', args: [at(author, 'born')] },
              right: value(1),
            },
          ],
        },
      }),
      sql: {
        sqlite: [
          `select "id" from "author" where alive() and (cast(strftime('%Y', "born") as integer) = ? and cast(strftime('%m', "born") as integer) = ? and cast(strftime('%d', "born") as integer) = ? and cast(strftime('%H', "born") as integer) = ? and cast(strftime('%M', "born") as integer) = ? and cast(strftime('%S', "born") as integer) = ?)`,
        ],
        postgres: [
          'select "id" from "author" where extract(year from "born") = $1 and extract(month from "born") = $2 and extract(day from "born") = $3 and extract(hour from "born") = $4 and extract(minute from "born") = $5 and extract(second from "born") = $6',
        ],
        mysql: [
          'select `id` from `author` where extract(year from `born`) = ? and extract(month from `born`) = ? and extract(day from `born`) = ? and extract(hour from `born`) = ? and extract(minute from `born`) = ? and extract(second from `born`) = ?',
        ],
      },
    },
    {
      name: 'a date part of a text',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'compare',
          op: '=',
          left: { kind: 'call', name: 'year', args: [at(book, 'title')] },
          right: value(1),
        },
      }),
      sql: {
        sqlite: [`select "id" from "book" where alive() and cast(strftime('%Y', "title") as integer) = ?`],
        postgres: ['select "id" from "book" where extract(year from "title"::timestamp) = $1'],
        mysql: ['select `id` from `book` where extract(year from `title`) = ?'],
      },
    },
    {
      name: 'a date part of a value',
      plan: reads(book, shown(book, 'id'), {
        where: { kind: 'compare', op: '=', left: { kind: 'call', name: 'year', args: [value(0)] }, right: value(1) },
      }),
      sql: {
        sqlite: [`select "id" from "book" where alive() and cast(strftime('%Y', ?) as integer) = ?`],
        postgres: ['select "id" from "book" where extract(year from $1::timestamp) = $2'],
        mysql: ['select `id` from `book` where extract(year from ?) = ?'],
      },
    },
    {
      name: 'arithmetic keeps its grouping',
      plan: reads(book, shown(book, 'id'), {
        where: {
          kind: 'compare',
          op: '>',
          left: at(book, 'pages'),
          right: {
            kind: 'arithmetic',
            op: '*',
            left: { kind: 'arithmetic', op: '+', left: at(book, 'author_id'), right: value(0) },
            right: { kind: 'arithmetic', op: '%', left: value(1), right: value(2) },
          },
        },
      }),
      sql: {
        sqlite: ['select "id" from "book" where alive() and "pages" > (("author_id" + ?) * (? % ?))'],
        postgres: [
          'select "id" from "book" where "pages" > (("author_id" + $1::numeric) * ($2::numeric % $3::numeric))',
        ],
        mysql: [
          'select `id` from `book` where `pages` > ((`author_id` + cast(? as decimal(65,30))) * (cast(? as decimal(65,30)) % cast(? as decimal(65,30))))',
        ],
      },
    },
  ]

for (const { name, plan, sql } of cases)
  golden(name, sql, (compiler) => [compiler.compileRead(plan, 'r1').rows?.text ?? ''])
