/** Fields of related tables in conditions and orders as SQL: subqueries under aliases of their own. */
import type { Exists, Predicate, ReadPlan, RelatedStep } from 'dataferry/records'
import { at, author, book, booksOfAuthor, bookTag, col, eq, reads, shown, tag } from '../tables.ts'
import { type Expected, golden } from './golden.ts'

const toAuthor = (where: Predicate | null): RelatedStep => ({
  from: book,
  to: author,
  on: [{ own: col(book, 'author_id'), other: col(author, 'id') }],
  via: null,
  where,
})
const toTags = (where: Predicate | null, seen: Predicate | null = null): RelatedStep => ({
  from: book,
  to: tag,
  on: [{ own: col(book, 'id'), other: col(bookTag, 'book_id') }],
  via: { table: bookTag, far: [{ junction: col(bookTag, 'tag_id'), child: col(tag, 'id') }], where: seen },
  where,
})
const toBooks = (where: Predicate | null): RelatedStep => ({
  from: author,
  to: book,
  on: [{ own: col(author, 'id'), other: col(book, 'author_id') }],
  via: null,
  where,
})
const exists = (step: RelatedStep): Exists => ({ kind: 'exists', step })

const cases: readonly { readonly name: string; readonly plan: ReadPlan; readonly sql: Expected<readonly string[]> }[] =
  [
    {
      name: 'a record that it belongs to',
      plan: reads(book, shown(book, 'id'), { where: exists(toAuthor(eq(author, 'name', 0))) }),
      sql: {
        sqlite: [
          'select "id" from "book" where alive() and exists (select 1 from "author" as e1 where e1."id" = "book"."author_id" and e1."name" = ?)',
        ],
        postgres: [
          'select "id" from "book" where exists (select 1 from "author" as e1 where e1."id" = "book"."author_id" and e1."name" = $1)',
        ],
        mysql: [
          'select `id` from `book` where exists (select 1 from `author` as e1 where e1.`id` = `book`.`author_id` and e1.`name` = ?)',
        ],
      },
    },
    {
      name: 'a child, beside its own field',
      plan: reads(author, shown(author, 'id'), {
        where: {
          kind: 'and',
          of: [
            eq(author, 'name', 0),
            exists(toBooks({ kind: 'or', of: [eq(book, 'pages', 1), eq(book, 'title', 2)] })),
          ],
        },
      }),
      sql: {
        sqlite: [
          'select "id" from "author" where alive() and ("name" = ? and exists (select 1 from "book" as e1 where e1."author_id" = "author"."id" and (e1."pages" = ? or e1."title" = ?)))',
        ],
        postgres: [
          'select "id" from "author" where "name" = $1 and exists (select 1 from "book" as e1 where e1."author_id" = "author"."id" and (e1."pages" = $2::bigint or e1."title" = $3))',
        ],
        mysql: [
          'select `id` from `author` where `name` = ? and exists (select 1 from `book` as e1 where e1.`author_id` = `author`.`id` and (e1.`pages` = ? or e1.`title` = ?))',
        ],
      },
    },
    {
      name: 'none of them',
      plan: reads(author, shown(author, 'id'), { where: { kind: 'not', of: exists(toBooks(null)) } }),
      sql: {
        sqlite: [
          'select "id" from "author" where alive() and not (exists (select 1 from "book" as e1 where e1."author_id" = "author"."id"))',
        ],
        postgres: [
          'select "id" from "author" where not (exists (select 1 from "book" as e1 where e1."author_id" = "author"."id"))',
        ],
        mysql: [
          'select `id` from `author` where not (exists (select 1 from `book` as e1 where e1.`author_id` = `author`.`id`))',
        ],
      },
    },
    {
      name: 'through a junction, of which not all may be seen',
      plan: reads(book, shown(book, 'id'), { where: exists(toTags(eq(tag, 'label', 0), eq(bookTag, 'tag_id', 1))) }),
      sql: {
        sqlite: [
          'select "id" from "book" where alive() and exists (select 1 from "tag" as e1 join "book_tag" as x1 on e1."id" = x1."tag_id" where x1."book_id" = "book"."id" and x1."tag_id" = ? and e1."label" = ?)',
        ],
        postgres: [
          'select "id" from "book" where exists (select 1 from "tag" as e1 join "book_tag" as x1 on e1."id" = x1."tag_id" where x1."book_id" = "book"."id" and x1."tag_id" = $1::bigint and e1."label" = $2)',
        ],
        mysql: [
          'select `id` from `book` where exists (select 1 from `tag` as e1 join `book_tag` as x1 on e1.`id` = x1.`tag_id` where x1.`book_id` = `book`.`id` and x1.`tag_id` = ? and e1.`label` = ?)',
        ],
      },
    },
    {
      name: 'two steps',
      plan: reads(author, shown(author, 'id'), { where: exists(toBooks(exists(toTags(eq(tag, 'label', 0))))) }),
      sql: {
        sqlite: [
          'select "id" from "author" where alive() and exists (select 1 from "book" as e1 where e1."author_id" = "author"."id" and exists (select 1 from "tag" as e2 join "book_tag" as x2 on e2."id" = x2."tag_id" where x2."book_id" = e1."id" and e2."label" = ?))',
        ],
        postgres: [
          'select "id" from "author" where exists (select 1 from "book" as e1 where e1."author_id" = "author"."id" and exists (select 1 from "tag" as e2 join "book_tag" as x2 on e2."id" = x2."tag_id" where x2."book_id" = e1."id" and e2."label" = $1))',
        ],
        mysql: [
          'select `id` from `author` where exists (select 1 from `book` as e1 where e1.`author_id` = `author`.`id` and exists (select 1 from `tag` as e2 join `book_tag` as x2 on e2.`id` = x2.`tag_id` where x2.`book_id` = e1.`id` and e2.`label` = ?))',
        ],
      },
    },
    {
      name: 'an order by a field of what it belongs to',
      plan: reads(book, shown(book, 'id'), {
        order: [
          {
            expr: { kind: 'related', step: toAuthor(eq(author, 'active', 0)), value: at(author, 'name') },
            descending: true,
            nulls: null,
          },
        ],
        limit: 1,
      }),
      sql: {
        sqlite: [
          'select "id" from "book" where alive() order by (select e1."name" from "author" as e1 where e1."id" = "book"."author_id" and e1."active" = ? limit 1) desc limit ?',
        ],
        postgres: [
          'select "id" from "book" order by (select e1."name" from "author" as e1 where e1."id" = "book"."author_id" and e1."active" = $1 limit 1) desc limit $2',
        ],
        mysql: [
          'select `id` from `book` order by (select e1.`name` from `author` as e1 where e1.`id` = `book`.`author_id` and e1.`active` = ? limit 1) desc limit ?',
        ],
      },
    },
    {
      name: 'in a relation, with some skipped',
      plan: reads(author, shown(author, 'id'), {
        related: [
          booksOfAuthor(
            { skip: 8 },
            {
              where: exists(toTags(eq(tag, 'label', 0))),
              order: [
                {
                  expr: { kind: 'related', step: toAuthor(null), value: at(author, 'name') },
                  descending: false,
                  nulls: null,
                },
              ],
            },
          ),
        ],
      }),
      sql: {
        sqlite: [
          'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by (select e1."name" from "author" as e1 where e1."id" = c."author_id" limit 1)) as n from p join "book" as c on c."author_id" = p.k1 where case when alive(p.o, c."id") then exists (select 1 from "tag" as e1 join "book_tag" as x1 on e1."id" = x1."tag_id" where x1."book_id" = c."id" and e1."label" = ?) end) as r where r.n > ? and r.n <= ? order by r.o, r.n',
        ],
        postgres: [
          'select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by (select e1."name" from "author" as e1 where e1."id" = c."author_id" limit 1)) as n from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book" as c on c."author_id" = p.k1 where exists (select 1 from "tag" as e1 join "book_tag" as x1 on e1."id" = x1."tag_id" where x1."book_id" = c."id" and e1."label" = $3)) as r where r.n > $4 and r.n <= $5 order by r.o, r.n',
        ],
        mysql: [
          "with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.`id` as c0, c.`title` as c1, row_number() over (partition by p.o order by (select e1.`name` from `author` as e1 where e1.`id` = c.`author_id` limit 1)) as n from p straight_join `book` as c on c.`author_id` = p.k1 where exists (select 1 from `tag` as e1 join `book_tag` as x1 on e1.`id` = x1.`tag_id` where x1.`book_id` = c.`id` and e1.`label` = ?)) as r where r.n > ? and r.n <= ? order by r.o, r.n",
        ],
      },
    },
  ]

for (const { name, plan, sql } of cases) {
  golden(name, sql, (compiler) => {
    const { rows, related } = compiler.compileRead(plan, 'x')
    return [...(related.length === 0 && rows ? [rows.text] : []), ...related.map((each) => each.rows.text)]
  })
}
