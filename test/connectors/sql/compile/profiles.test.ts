/** What each kind of server makes of the same plans: reads, relations, writes and changes of structure. */
import {
  parseFilter,
  parseOrder,
  planRead,
  type ReadPlan,
  type RelatedStep,
  type SchemaPlan,
  viewOfEverything,
  type WritePlan,
} from 'dataferry/records'
import type { RelatedProgram } from 'dataferry/sql'
import {
  at,
  author,
  authorOfBook,
  book,
  booksOfAuthor,
  bookTag,
  col,
  eq,
  print,
  reads,
  shown,
  tag,
  tagsOfBook,
  value,
} from '../tables.ts'
import { type Expected, golden } from './profiles.ts'

/** All books, but for what is asked. */
const books = (asked: Partial<Parameters<typeof planRead>[0]> & { readonly text?: string }): ReadPlan =>
  planRead({
    view: viewOfEverything(book),
    columns: shown(book, 'id'),
    filter: asked.text === undefined ? null : parseFilter(asked.text),
    result: () => ({ kind: 'list', count: 'no', schema: null }),
    ...asked,
  }).plan

const toAuthor: RelatedStep = {
  from: book,
  to: author,
  on: [{ own: col(book, 'author_id'), other: col(author, 'id') }],
  via: null,
  where: eq(author, 'name', 0),
}
const toTags: RelatedStep = {
  from: book,
  to: tag,
  on: [{ own: col(book, 'id'), other: col(bookTag, 'book_id') }],
  via: { table: bookTag, far: [{ junction: col(bookTag, 'tag_id'), child: col(tag, 'id') }], where: null },
  where: eq(tag, 'label', 0),
}
const count = {
  as: 'COUNT_ALL',
  expr: { kind: 'aggregate', name: 'COUNT', of: null },
  type: 'bigint',
  column: null,
  hidden: false,
} as const

const related = (programs: readonly RelatedProgram[]): string[] =>
  programs.flatMap((each) => [each.rows.text, ...related(each.related)])

const readCases: readonly { readonly name: string; readonly plan: ReadPlan; readonly sql: Expected }[] = [
  {
    name: 'records by their ids',
    plan: books({ text: 'id in (1,2)' }),
    sql: {
      sqlite: ['select "id" from "book" where alive() and "id" in (select value from json_each(?))'],
      postgres: ['select "id" from "book" where "id" = any($1::bigint[])'],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select "id" from "book" where "id" in (select e::bigint from (select json_parse($1::varchar(65535)) as d) as s, s.d as e)',
      ],
      mysql57: ['select `id` from `book` where `id` in (?)'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'texts in a list, and a decimal',
    plan: reads(author, shown(author, 'id'), {
      where: {
        kind: 'and',
        of: [
          { kind: 'in', left: at(author, 'name'), list: 0 },
          { kind: 'compare', op: '>', left: at(author, 'rating'), right: value(1) },
        ],
      },
    }),
    sql: {
      sqlite: [
        'select "id" from "author" where alive() and ("name" in (select value from json_each(?)) and "rating" > ?)',
      ],
      postgres: ['select "id" from "author" where "name" = any($1) and "rating" > $2::numeric'],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select "id" from "author" where "name" in (select e::varchar(65535) from (select json_parse($1::varchar(65535)) as d) as s, s.d as e) and "rating" > $2::numeric(38,10)',
      ],
      mysql57: ['select `id` from `author` where `name` in (?) and `rating` > cast(? as decimal(65,30))'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'decimals in a list',
    plan: reads(author, shown(author, 'id'), { where: { kind: 'in', left: at(author, 'rating'), list: 0 } }),
    sql: {
      sqlite: ['select "id" from "author" where alive() and "rating" in (select value from json_each(?))'],
      postgres: ['select "id" from "author" where "rating" = any($1::numeric[])'],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select "id" from "author" where "rating" in (select e::varchar(65535)::numeric(38,10) from (select json_parse($1::varchar(65535)) as d) as s, s.d as e)',
      ],
      mysql57: ['select `id` from `author` where `rating` in (?)'],
      mysql80: [
        `select \`id\` from \`author\` where \`rating\` in (select l.v from json_table(?, '$[*]' columns (v decimal(65,30) path '$')) as l)`,
      ],
      mariadb102: 'mysql57',
      mariadb: 'mysql80',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'patterns',
    plan: books({ text: "title contains x and title ilike 'a\\\\_b' and pages like 1%" }),
    sql: {
      sqlite: [
        `select "id" from "book" where alive() and ("title" like ? escape '\\' and "title" like ? escape '\\' and "pages" like ? escape '\\')`,
      ],
      postgres: [
        'select "id" from "book" where "title" like $1::text and "title" ilike $2::text and "pages"::text like $3::text',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select "id" from "book" where "title" like $1::varchar(65535) and "title" ilike $2::varchar(65535) and "pages"::varchar(65535) like $3::varchar(65535)',
      ],
      mysql57: ['select `id` from `book` where `title` like ? and lower(`title`) like lower(?) and `pages` like ?'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'moments, parts of a date, and round',
    plan: reads(author, shown(author, 'id'), {
      where: {
        kind: 'and',
        of: [
          { kind: 'compare', op: '<', left: at(author, 'born'), right: { kind: 'call', name: 'now', args: [] } },
          {
            kind: 'compare',
            op: '=',
            left: { kind: 'call', name: 'year', args: [at(author, 'born')] },
            right: value(0),
          },
          {
            kind: 'compare',
            op: '=',
            left: { kind: 'call', name: 'round', args: [at(author, 'rating'), value(1)] },
            right: value(2),
          },
        ],
      },
    }),
    sql: {
      sqlite: [
        `select "id" from "author" where alive() and ("born" < current_timestamp and cast(strftime('%Y', "born") as integer) = ? and round("rating", ?) = ?)`,
      ],
      postgres: [
        'select "id" from "author" where "born" < current_timestamp and extract(year from "born") = $1 and round("rating"::numeric, $2::bigint::integer) = $3',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select "id" from "author" where "born" < sysdate and extract(year from "born") = $1 and round("rating"::numeric(38,10), $2::bigint::integer) = $3',
      ],
      mysql57: [
        'select `id` from `author` where `born` < current_timestamp and extract(year from `born`) = ? and round(`rating`, ?) = ?',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'groups of which some count',
    plan: books({
      columns: [...shown(book, 'author_id'), count],
      group: 'author_id',
      having: 'COUNT(*) > 1 and SUM(pages) >= 10',
      result: () => ({ kind: 'list', count: 'also', schema: null }),
    }),
    sql: {
      sqlite: [
        'select "author_id", count(*) from "book" where alive() group by "author_id" having cast(count(*) as numeric) > ? and cast(sum("pages") as numeric) >= ?',
        'select count(*) from (select "author_id" as c0, count(*) as c1 from "book" where alive() group by "author_id" having cast(count(*) as numeric) > ? and cast(sum("pages") as numeric) >= ?) as d',
      ],
      postgres: [
        'select "author_id", count(*) from "book" group by "author_id" having count(*) > $1::bigint and sum("pages") >= $2::numeric',
        'select count(*) from (select "author_id" as c0, count(*) as c1 from "book" group by "author_id" having count(*) > $1::bigint and sum("pages") >= $2::numeric) as d',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select "author_id", count(*) from "book" group by "author_id" having count(*) > $1::bigint and sum("pages") >= $2::numeric(38,10)',
        'select count(*) from (select "author_id" as c0, count(*) as c1 from "book" group by "author_id" having count(*) > $1::bigint and sum("pages") >= $2::numeric(38,10)) as d',
      ],
      mysql57: [
        'select `author_id`, count(*) from `book` group by `author_id` having count(*) > ? and sum(`pages`) >= cast(? as decimal(65,30))',
        'select count(*) from (select `author_id` as c0, count(*) as c1 from `book` group by `author_id` having count(*) > ? and sum(`pages`) >= cast(? as decimal(65,30))) as d',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'rows that differ, and how many',
    plan: books({
      columns: shown(book, 'author_id'),
      distinct: true,
      order: parseOrder('author_id desc'),
      limit: 5,
      offset: 2,
      result: () => ({ kind: 'list', count: 'also', schema: null }),
    }),
    sql: {
      sqlite: [
        'select distinct "author_id" from "book" where alive() order by "author_id" desc limit ? offset ?',
        'select count(*) from (select distinct "author_id" as c0 from "book" where alive()) as d',
      ],
      postgres: [
        'select distinct "author_id" from "book" order by "author_id" desc limit $1 offset $2',
        'select count(*) from (select distinct "author_id" as c0 from "book") as d',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: 'postgres',
      mysql57: [
        'select distinct `author_id` from `book` order by `author_id` desc limit ? offset ?',
        'select count(*) from (select distinct `author_id` as c0 from `book`) as d',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'the page behind a key, in an order with nulls',
    plan: reads(book, shown(book, 'id', 'pages'), {
      where: {
        kind: 'or',
        of: [
          { kind: 'compare', op: '<', left: at(book, 'pages'), right: value(0) },
          {
            kind: 'and',
            of: [
              { kind: 'compare', op: '=', left: at(book, 'pages'), right: value(0) },
              { kind: 'compare', op: '>', left: at(book, 'id'), right: value(1) },
            ],
          },
          { kind: 'null', left: at(book, 'pages') },
        ],
      },
      order: [
        { expr: at(book, 'pages'), descending: true, nulls: 'last' },
        { expr: at(book, 'id'), descending: false, nulls: null },
      ],
      limit: 2,
    }),
    sql: {
      sqlite: [
        'select "id", "pages" from "book" where alive() and ("pages" < ? or ("pages" = ? and "id" > ?) or "pages" is null) order by "pages" desc nulls last, "id" limit ?',
      ],
      postgres: [
        'select "id", "pages" from "book" where "pages" < $1::bigint or ("pages" = $2::bigint and "id" > $3::bigint) or "pages" is null order by "pages" desc nulls last, "id" limit $4',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: 'postgres',
      mysql57: [
        'select `id`, `pages` from `book` where `pages` < ? or (`pages` = ? and `id` > ?) or `pages` is null order by `pages` desc, `id` limit ?',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'an offset alone',
    plan: reads(book, shown(book, 'id'), { offset: 0 }),
    sql: {
      sqlite: ['select "id" from "book" where alive() limit -1 offset ?'],
      postgres: ['select "id" from "book" offset $1'],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: 'postgres',
      mysql57: ['select `id` from `book` limit 18446744073709551615 offset ?'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'a record kept from other writers',
    plan: reads(book, shown(book, 'id'), { where: eq(book, 'id', 0), lock: true, result: { kind: 'rows' } }),
    sql: {
      sqlite: ['select "id" from "book" where "id" = ?'],
      postgres: ['select "id" from "book" where "id" = $1::bigint for update'],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: ['select "id" from "book" where "id" = $1::bigint'],
      mysql57: ['select `id` from `book` where `id` = ? for update'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'a field of what it belongs to, and an order by it',
    plan: reads(book, shown(book, 'id'), {
      where: { kind: 'exists', step: toAuthor },
      order: [
        {
          expr: { kind: 'related', step: { ...toAuthor, where: null }, value: at(author, 'name') },
          descending: false,
          nulls: null,
        },
      ],
    }),
    sql: {
      sqlite: [
        'select "id" from "book" where alive() and exists (select 1 from "author" as e1 where e1."id" = "book"."author_id" and e1."name" = ?) order by (select e1."name" from "author" as e1 where e1."id" = "book"."author_id" limit 1)',
      ],
      postgres: [
        'select "id" from "book" where exists (select 1 from "author" as e1 where e1."id" = "book"."author_id" and e1."name" = $1) order by (select e1."name" from "author" as e1 where e1."id" = "book"."author_id" limit 1)',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select "id" from "book" where exists (select 1 from "author" as e1 where e1."id" = "book"."author_id" and e1."name" = $1) order by (select max(e1."name") from "author" as e1 where e1."id" = "book"."author_id")',
      ],
      mysql57: [
        'select `id` from `book` where exists (select 1 from `author` as e1 where e1.`id` = `book`.`author_id` and e1.`name` = ?) order by (select e1.`name` from `author` as e1 where e1.`id` = `book`.`author_id` limit 1)',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'a field of related records through a junction',
    plan: reads(book, shown(book, 'id'), { where: { kind: 'exists', step: toTags } }),
    sql: {
      sqlite: [
        'select "id" from "book" where alive() and exists (select 1 from "tag" as e1 join "book_tag" as x1 on e1."id" = x1."tag_id" where x1."book_id" = "book"."id" and e1."label" = ?)',
      ],
      postgres: [
        'select "id" from "book" where exists (select 1 from "tag" as e1 join "book_tag" as x1 on e1."id" = x1."tag_id" where x1."book_id" = "book"."id" and e1."label" = $1)',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: 'postgres',
      mysql57: [
        'select `id` from `book` where exists (select 1 from `tag` as e1 join `book_tag` as x1 on e1.`id` = x1.`tag_id` where x1.`book_id` = `book`.`id` and e1.`label` = ?)',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'a relation with a limit for each parent, the first ones skipped',
    plan: reads(author, shown(author, 'id'), {
      related: [
        booksOfAuthor(
          { skip: 8 },
          { where: eq(book, 'pages', 0), order: [{ expr: at(book, 'title'), descending: true, nulls: null }] },
        ),
      ],
    }),
    sql: {
      sqlite: [
        'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."title" desc) as n from p join "book" as c on c."author_id" = p.k1 where case when alive(p.o, c."id") then c."pages" = ? end) as r where r.n > ? and r.n <= ? order by r.o, r.n',
      ],
      postgres: [
        'select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."title" desc) as n from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book" as c on c."author_id" = p.k1 where c."pages" = $3::bigint) as r where r.n > $4 and r.n <= $5 order by r.o, r.n',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select r.o, r.c0, r.c1 from (select p.o as o, c."id" as c0, c."title" as c1, row_number() over (partition by p.o order by c."title" desc) as n from (select e[0]::integer as o, e[1]::bigint as k1 from (select json_parse($1::varchar(65535)) as d) as s, s.d as e) as p join "book" as c on c."author_id" = p.k1 where c."pages" = $2::bigint) as r where r.n > $3 and r.n <= $4 order by r.o, r.n',
      ],
      mysql57: [
        'select r.o, r.c0, r.c1 from (select q.*, @df_n := if(q.o = @df_o, @df_n + 1, 1) as n, @df_o := q.o as m from (select p.o as o, c.`id` as c0, c.`title` as c1 from (select t.o, t.k1 as k1 from (?) as t) as p straight_join `book` as c on c.`author_id` = p.k1 where c.`pages` = ? order by p.o, c.`title` desc limit 18446744073709551615) as q cross join (select @df_n := 0, @df_o := null) as v) as r where r.n > ? and r.n <= ? order by r.o, r.n',
      ],
      mysql80: [
        `with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.\`id\` as c0, c.\`title\` as c1, row_number() over (partition by p.o order by c.\`title\` desc) as n from p straight_join \`book\` as c on c.\`author_id\` = p.k1 where c.\`pages\` = ?) as r where r.n > ? and r.n <= ? order by r.o, r.n`,
      ],
      mariadb102: [
        'with p (o, k1) as (select t.o, t.k1 from (?) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.`id` as c0, c.`title` as c1, row_number() over (partition by p.o order by c.`title` desc) as n from p straight_join `book` as c on c.`author_id` = p.k1 where c.`pages` = ?) as r where r.n > ? and r.n <= ? order by r.o, r.n',
      ],
      mariadb: 'mysql80',
      singlestore: [
        'with p (o, k1) as (select t.o, t.k1 from (?) as t) select r.o, r.c0, r.c1 from (select p.o as o, c.`id` as c0, c.`title` as c1, row_number() over (partition by p.o order by c.`title` desc) as n from p join `book` as c on c.`author_id` = p.k1 where c.`pages` = ?) as r where r.n > ? and r.n <= ? order by r.o, r.n',
      ],
    },
  },
  {
    name: 'what many belong to',
    plan: reads(book, shown(book, 'id', 'author_id'), { related: [authorOfBook()] }),
    sql: {
      sqlite: [
        'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select p.o, c."id", c."name" from p join "author" as c on c."id" = p.k1 where alive(p.o, c."id") order by p.o',
      ],
      postgres: [
        'select p.o, c."id", c."name" from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "author" as c on c."id" = p.k1 order by p.o',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select p.o, c."id", c."name" from (select e[0]::integer as o, e[1]::bigint as k1 from (select json_parse($1::varchar(65535)) as d) as s, s.d as e) as p join "author" as c on c."id" = p.k1 order by p.o',
      ],
      mysql57: [
        'select p.o, c.`id`, c.`name` from (select t.o, t.k1 as k1 from (?) as t) as p straight_join `author` as c on c.`id` = p.k1 order by p.o',
      ],
      mysql80: [
        `with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select p.o, c.\`id\`, c.\`name\` from p straight_join \`author\` as c on c.\`id\` = p.k1 order by p.o`,
      ],
      mariadb102: [
        'with p (o, k1) as (select t.o, t.k1 from (?) as t) select p.o, c.`id`, c.`name` from p straight_join `author` as c on c.`id` = p.k1 order by p.o',
      ],
      mariadb: 'mysql80',
      singlestore: [
        'with p (o, k1) as (select t.o, t.k1 from (?) as t) select p.o, c.`id`, c.`name` from p join `author` as c on c.`id` = p.k1 order by p.o',
      ],
    },
  },
  {
    name: 'a relation through a junction',
    plan: reads(book, shown(book, 'id'), { related: [tagsOfBook()] }),
    sql: {
      sqlite: [
        'with p (o, k1) as materialized (select value ->> 0, value ->> 1 from json_each(?)) select r.o, r.c0 from (select p.o as o, c."label" as c0, row_number() over (partition by p.o order by c."id") as n from p join "book_tag" as j on j."book_id" = p.k1 join "tag" as c on c."id" = j."tag_id" where alive(p.o, c."id")) as r where r.n <= ? order by r.o, r.n',
      ],
      postgres: [
        'select r.o, r.c0 from (select p.o as o, c."label" as c0, row_number() over (partition by p.o order by c."id") as n from unnest($1::bigint[], $2::integer[]) as p (k1, o) join "book_tag" as j on j."book_id" = p.k1 join "tag" as c on c."id" = j."tag_id") as r where r.n <= $3 order by r.o, r.n',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'select r.o, r.c0 from (select p.o as o, c."label" as c0, row_number() over (partition by p.o order by c."id") as n from (select e[0]::integer as o, e[1]::bigint as k1 from (select json_parse($1::varchar(65535)) as d) as s, s.d as e) as p join "book_tag" as j on j."book_id" = p.k1 join "tag" as c on c."id" = j."tag_id") as r where r.n <= $2 order by r.o, r.n',
      ],
      mysql57: [
        'select r.o, r.c0 from (select q.*, @df_n := if(q.o = @df_o, @df_n + 1, 1) as n, @df_o := q.o as m from (select p.o as o, c.`label` as c0 from (select t.o, t.k1 as k1 from (?) as t) as p straight_join `book_tag` as j on j.`book_id` = p.k1 join `tag` as c on c.`id` = j.`tag_id` order by p.o, c.`id` limit 18446744073709551615) as q cross join (select @df_n := 0, @df_o := null) as v) as r where r.n <= ? order by r.o, r.n',
      ],
      mysql80: [
        `with p (o, k1) as (select t.o, t.k1 from json_table(?, '$[*]' columns (o int path '$[0]', k1 bigint path '$[1]')) as t) select r.o, r.c0 from (select p.o as o, c.\`label\` as c0, row_number() over (partition by p.o order by c.\`id\`) as n from p straight_join \`book_tag\` as j on j.\`book_id\` = p.k1 join \`tag\` as c on c.\`id\` = j.\`tag_id\`) as r where r.n <= ? order by r.o, r.n`,
      ],
      mariadb102: [
        'with p (o, k1) as (select t.o, t.k1 from (?) as t) select r.o, r.c0 from (select p.o as o, c.`label` as c0, row_number() over (partition by p.o order by c.`id`) as n from p straight_join `book_tag` as j on j.`book_id` = p.k1 join `tag` as c on c.`id` = j.`tag_id`) as r where r.n <= ? order by r.o, r.n',
      ],
      mariadb: 'mysql80',
      singlestore: [
        'with p (o, k1) as (select t.o, t.k1 from (?) as t) select r.o, r.c0 from (select p.o as o, c.`label` as c0, row_number() over (partition by p.o order by c.`id`) as n from p join `book_tag` as j on j.`book_id` = p.k1 join `tag` as c on c.`id` = j.`tag_id`) as r where r.n <= ? order by r.o, r.n',
      ],
    },
  },
]
for (const { name, plan, sql } of readCases) {
  golden(name, sql, (compiler) => {
    const program = compiler.compileRead(plan, 'r1')
    const own = [program.rows, program.count].flatMap((each) => (each === null ? [] : [each.text]))
    return program.related.length > 0 ? related(program.related) : own
  })
}

const writeCases: readonly { readonly name: string; readonly plan: WritePlan; readonly sql: Expected }[] = [
  {
    name: 'an insert',
    plan: {
      kind: 'insert',
      into: book,
      set: [
        { column: col(book, 'title'), expr: value(0) },
        { column: col(book, 'cover'), expr: value(1) },
      ],
      where: null,
      key: [],
      returning: shown(book, 'id'),
    },
    sql: {
      sqlite: ['insert into "book" ("title", "cover") values (?, ?) returning "id"'],
      postgres: ['insert into "book" ("title", "cover") values ($1, $2) returning "id"'],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: ['insert into "book" ("title", "cover") values ($1, $2)'],
      mysql57: ['insert into `book` (`title`, `cover`) values (?, ?)'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'an increment',
    plan: {
      kind: 'update',
      into: book,
      set: [
        {
          column: col(book, 'pages'),
          expr: {
            kind: 'arithmetic',
            op: '+',
            left: { kind: 'call', name: 'coalesce', args: [at(book, 'pages'), value(0)] },
            right: value(1),
          },
        },
      ],
      where: eq(book, 'id', 2),
      key: [],
      returning: shown(book, 'pages'),
    },
    sql: {
      sqlite: ['update "book" set "pages" = (coalesce("pages", ?) + ?) where "id" = ? returning "pages"'],
      postgres: [
        'update "book" set "pages" = (coalesce("pages", $1) + $2::numeric) where "id" = $3::bigint returning "pages"',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: ['update "book" set "pages" = (coalesce("pages", $1) + $2::numeric(38,10)) where "id" = $3::bigint'],
      mysql57: ['update `book` set `pages` = (coalesce(`pages`, ?) + cast(? as decimal(65,30))) where `id` = ?'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'an upsert',
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
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: /^Amazon Redshift can not update what is there in place of an insert\.$/,
      mysql57: ['insert into `book` (`id`, `title`) values (?, ?) on duplicate key update `title` = values(`title`)'],
      mysql80: [
        'insert into `book` (`id`, `title`) values (?, ?) as df_new on duplicate key update `title` = df_new.`title`',
      ],
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'an upsert of a key alone',
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
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: /^Amazon Redshift can not update what is there in place of an insert\.$/,
      mysql57: [
        'insert into `book_tag` (`book_id`, `tag_id`) values (?, ?) on duplicate key update `book_id` = `book_id`, `tag_id` = `tag_id`',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'a delete of what a filter shows',
    plan: {
      kind: 'delete',
      into: book,
      set: [],
      where: { kind: 'in', left: at(book, 'author_id'), list: 0 },
      key: [],
      returning: shown(book, 'id', 'title'),
    },
    sql: {
      sqlite: [
        'delete from "book" where alive() and "author_id" in (select value from json_each(?)) returning "id", "title"',
      ],
      postgres: ['delete from "book" where "author_id" = any($1::bigint[]) returning "id", "title"'],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: [
        'delete from "book" where "author_id" in (select e::bigint from (select json_parse($1::varchar(65535)) as d) as s, s.d as e)',
      ],
      mysql57: ['delete from `book` where `author_id` in (?)'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
]
for (const { name, plan, sql } of writeCases)
  golden(name, sql, (compiler) => [compiler.compileWrite(plan, 'w1').statement.text])

const changes: readonly { readonly name: string; readonly plan: SchemaPlan; readonly sql: Expected }[] = [
  {
    name: 'a table of many types',
    plan: {
      kind: 'create-table',
      name: 'made',
      columns: [
        { name: 'id', type: 'id' },
        ...(
          [
            'string',
            'text',
            'boolean',
            'integer',
            'decimal',
            'money',
            'float',
            'double',
            'date',
            'time',
            'datetime',
            'timestamptz',
            'json',
            'array',
            'uuid',
            'binary',
            'reference',
          ] as const
        ).map((type) => ({ name: `a_${type}`, type, allowNull: true })),
        { name: 'at', type: 'timestamp_on_create' },
      ],
      unique: [['a_string']],
    },
    sql: {
      sqlite: [
        'create table "made" ("id" integer not null primary key autoincrement, "a_string" varchar(255), "a_text" text, "a_boolean" tinyint(1), "a_integer" integer, "a_decimal" decimal, "a_money" decimal(19,4), "a_float" float, "a_double" double, "a_date" date, "a_time" time, "a_datetime" datetime, "a_timestamptz" timestamptz, "a_json" json, "a_array" json, "a_uuid" uuid, "a_binary" blob, "a_reference" integer, "at" timestamp not null default current_timestamp, constraint "undx_made_a_string" unique ("a_string"))',
      ],
      postgres: [
        'create table "made" ("id" serial not null primary key, "a_string" varchar(255), "a_text" text, "a_boolean" boolean, "a_integer" integer, "a_decimal" decimal, "a_money" money, "a_float" real, "a_double" double precision, "a_date" date, "a_time" time, "a_datetime" timestamp, "a_timestamptz" timestamptz, "a_json" json, "a_array" text[], "a_uuid" uuid, "a_binary" bytea, "a_reference" integer, "at" timestamp not null default current_timestamp, constraint "undx_made_a_string" unique ("a_string"))',
      ],
      timescale: 'postgres',
      cockroach: [
        'create table "made" ("id" bigserial not null primary key, "a_string" varchar(255), "a_text" text, "a_boolean" boolean, "a_integer" integer, "a_decimal" decimal, "a_money" decimal(19,4), "a_float" real, "a_double" double precision, "a_date" date, "a_time" time, "a_datetime" timestamp, "a_timestamptz" timestamptz, "a_json" jsonb, "a_array" text[], "a_uuid" uuid, "a_binary" bytea, "a_reference" bigint, "at" timestamp not null default current_timestamp, constraint "undx_made_a_string" unique ("a_string"))',
      ],
      redshift: [
        'create table "made" ("id" integer identity(1,1) not null primary key, "a_string" varchar(255), "a_text" varchar(65535), "a_boolean" boolean, "a_integer" integer, "a_decimal" decimal, "a_money" decimal(19,4), "a_float" real, "a_double" double precision, "a_date" date, "a_time" time, "a_datetime" timestamp, "a_timestamptz" timestamptz, "a_json" super, "a_array" super, "a_uuid" char(36), "a_binary" varbyte(65535), "a_reference" integer, "at" timestamp not null default sysdate, constraint "undx_made_a_string" unique ("a_string"))',
      ],
      mysql57: [
        'create table `made` (`id` int(11) not null auto_increment primary key, `a_string` varchar(255), `a_text` text, `a_boolean` tinyint(1), `a_integer` integer, `a_decimal` decimal, `a_money` decimal(19,4), `a_float` float, `a_double` double, `a_date` date, `a_time` time, `a_datetime` datetime, `a_timestamptz` timestamp null, `a_json` json, `a_array` json, `a_uuid` char(36), `a_binary` varbinary(255), `a_reference` int(11), `at` timestamp not null default current_timestamp, constraint `undx_made_a_string` unique (`a_string`))',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: [
        'create table `made` (`id` int(11) not null auto_increment primary key, `a_string` varchar(255), `a_text` text, `a_boolean` tinyint(1), `a_integer` integer, `a_decimal` decimal, `a_money` decimal(19,4), `a_float` float, `a_double` double, `a_date` date, `a_time` time, `a_datetime` datetime, `a_timestamptz` timestamp null, `a_json` json, `a_array` json, `a_uuid` uuid, `a_binary` varbinary(255), `a_reference` int(11), `at` timestamp not null default current_timestamp, constraint `undx_made_a_string` unique (`a_string`))',
      ],
      singlestore: 'mysql57',
    },
  },
  {
    name: 'a key of 64 bits',
    plan: { kind: 'create-table', name: 'made', columns: [{ name: 'id', type: 'bigid' }] },
    sql: {
      sqlite: ['create table "made" ("id" integer not null primary key autoincrement)'],
      postgres: ['create table "made" ("id" bigserial not null primary key)'],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: ['create table "made" ("id" bigint identity(1,1) not null primary key)'],
      mysql57: ['create table `made` (`id` bigint(20) not null auto_increment primary key)'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'a default that is computed',
    plan: {
      kind: 'add-column',
      table: 'tag',
      column: { name: 'day', type: 'date', allowNull: true, default: { expression: 'current_date' } },
    },
    sql: {
      sqlite: ['alter table "tag" add column "day" date default current_date'],
      postgres: 'sqlite',
      timescale: 'sqlite',
      cockroach: 'sqlite',
      redshift: ['alter table "tag" add column "day" date default sysdate::date'],
      mysql57: /^The default of field 'day' can not be computed by this server\.$/,
      mysql80: ['alter table `tag` add column `day` date default (current_date)'],
      mariadb102: 'mysql80',
      mariadb: 'mysql80',
      singlestore: /^The default of field 'day' can not be computed by this server\.$/,
    },
  },
  {
    name: 'a uuid by default',
    plan: {
      kind: 'create-table',
      name: 'made',
      columns: [{ name: 'f', type: 'uuid', default: { expression: 'uuid' } }],
    },
    sql: {
      sqlite: [
        `create table "made" ("f" uuid not null default (lower(substr(hex(randomblob(4)), 1) || '-' || substr(hex(randomblob(2)), 1) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || substr(hex(randomblob(6)), 1))))`,
      ],
      postgres: ['create table "made" ("f" uuid not null default gen_random_uuid())'],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: /^Field 'f': this database does not make a uuid as a default\.$/,
      mysql57: /^The default of field 'f' can not be computed by this server\.$/,
      mysql80: ['create table `made` (`f` char(36) not null default (uuid()))'],
      mariadb102: 'mysql80',
      mariadb: ['create table `made` (`f` uuid not null default (uuid()))'],
      singlestore: /^The default of field 'f' can not be computed by this server\.$/,
    },
  },
  {
    name: 'an index',
    plan: { kind: 'create-index', table: 'tag', columns: ['label'], unique: false, ifMissing: true },
    sql: {
      sqlite: ['create index if not exists "ndx_tag_label" on "tag" ("label")'],
      postgres: 'sqlite',
      timescale: 'sqlite',
      cockroach: 'sqlite',
      redshift: /^Amazon Redshift has no indexes\.$/,
      mysql57: ['create index `ndx_tag_label` on `tag` (`label`)'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
  {
    name: 'a reference',
    plan: {
      kind: 'add-foreign-key',
      table: 'print',
      foreignKey: { columns: ['book_id'], refTable: 'book', refColumns: ['id'] },
    },
    sql: {
      sqlite: null,
      postgres: [
        'alter table "print" add constraint "fk_print_book_id" foreign key ("book_id") references "book" ("id")',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: 'postgres',
      mysql57: [
        'alter table `print` add constraint `fk_print_book_id` foreign key (`book_id`) references `book` (`id`)',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: /^SingleStore does not keep references\.$/,
    },
  },
  {
    name: 'a reference with a rule',
    plan: {
      kind: 'add-foreign-key',
      table: 'print',
      foreignKey: { columns: ['book_id'], refTable: 'book', refColumns: ['id'], onDelete: 'CASCADE' },
    },
    sql: {
      sqlite: null,
      postgres: [
        'alter table "print" add constraint "fk_print_book_id" foreign key ("book_id") references "book" ("id") on delete cascade',
      ],
      timescale: 'postgres',
      cockroach: 'postgres',
      redshift: /^Amazon Redshift does not enforce references, and knows no rules for them\.$/,
      mysql57: [
        'alter table `print` add constraint `fk_print_book_id` foreign key (`book_id`) references `book` (`id`) on delete cascade',
      ],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: /^SingleStore does not keep references\.$/,
    },
  },
  {
    name: 'a longer text',
    plan: {
      kind: 'alter-column',
      table: 'tag',
      column: { name: 'label', type: 'string', length: 200, allowNull: true },
      was: col(tag, 'label'),
      parts: { type: true, allowNull: false, default: false },
    },
    sql: {
      sqlite: null,
      postgres: ['alter table "tag" alter column "label" type varchar(200) using "label"::varchar(200)'],
      timescale: 'postgres',
      cockroach: ['alter table "tag" alter column "label" type varchar(200)'],
      redshift: 'cockroach',
      mysql57: null,
      mysql80: null,
      mariadb102: null,
      mariadb: null,
      singlestore: null,
    },
  },
  {
    name: 'another type',
    plan: {
      kind: 'alter-column',
      table: 'print',
      column: { name: 'edition_no', type: 'bigint', allowNull: true },
      was: col(print, 'edition_no'),
      parts: { type: true, allowNull: false, default: false },
    },
    sql: {
      sqlite: null,
      postgres: ['alter table "print" alter column "edition_no" type bigint using "edition_no"::bigint'],
      timescale: 'postgres',
      cockroach: /^CockroachDB can not make another type of field 'edition_no' here\.$/,
      redshift: /^Amazon Redshift can only change the length of a text, not this of field 'edition_no'\.$/,
      mysql57: null,
      mysql80: null,
      mariadb102: null,
      mariadb: null,
      singlestore: null,
    },
  },
  {
    name: 'a unique constraint goes',
    plan: { kind: 'drop-unique', table: 'author', column: 'email', names: ['u_email'] },
    sql: {
      sqlite: null,
      postgres: ['alter table "author" drop constraint "u_email"'],
      timescale: 'postgres',
      cockroach: ['drop index "author"@"u_email" cascade'],
      redshift: 'postgres',
      mysql57: ['alter table `author` drop index `u_email`'],
      mysql80: 'mysql57',
      mariadb102: 'mysql57',
      mariadb: 'mysql57',
      singlestore: 'mysql57',
    },
  },
]
for (const { name, plan, sql } of changes) golden(name, sql, (compiler) => compiler.compileSchema(plan))
