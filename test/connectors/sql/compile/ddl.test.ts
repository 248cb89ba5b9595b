/** Changes of structure as DDL (data-plane 6.5). */
import type { SchemaPlan } from 'dataferry/records'
import { type Expected, golden } from './golden.ts'

const cases: readonly {
  readonly name: string
  readonly plan: SchemaPlan
  readonly sql: Expected<readonly string[]>
}[] = [
  {
    name: 'a table with its own numbers',
    plan: {
      kind: 'create-table',
      name: 'todo',
      columns: [
        { name: 'id', type: 'id' },
        { name: 'name', type: 'string', length: 80, allowNull: true },
        { name: 'author_id', type: 'reference', allowNull: true },
      ],
      foreignKeys: [{ columns: ['author_id'], refTable: 'author', refColumns: ['id'], onDelete: 'SET NULL' }],
    },
    sql: {
      sqlite: [
        'create table "todo" ("id" integer not null primary key autoincrement, "name" varchar(80), "author_id" integer, constraint "fk_todo_author_id" foreign key ("author_id") references "author" ("id") on delete set null)',
      ],
      postgres: [
        'create table "todo" ("id" serial not null primary key, "name" varchar(80), "author_id" integer, constraint "fk_todo_author_id" foreign key ("author_id") references "author" ("id") on delete set null)',
      ],
      mysql: [
        'create table `todo` (`id` int(11) not null auto_increment primary key, `name` varchar(80), `author_id` int(11), constraint `fk_todo_author_id` foreign key (`author_id`) references `author` (`id`) on delete set null)',
      ],
    },
  },
  {
    name: 'a key of two columns, unique columns, indexes',
    plan: {
      kind: 'create-table',
      name: 'seat',
      columns: [
        { name: 'row', type: 'integer' },
        { name: 'no', type: 'smallint' },
        { name: 'code', type: 'string' },
      ],
      primaryKey: ['row', 'no'],
      unique: [['code']],
      indexes: [['no', 'code']],
      foreignKeys: [
        {
          columns: ['row', 'no'],
          refTable: 'edition',
          refColumns: ['book_id', 'no'],
          onDelete: 'CASCADE',
          onUpdate: 'NO ACTION',
        },
      ],
    },
    sql: {
      sqlite: [
        'create table "seat" ("row" integer not null, "no" smallint not null, "code" varchar(255) not null, primary key ("row", "no"), constraint "undx_seat_code" unique ("code"), constraint "fk_seat_row_no" foreign key ("row", "no") references "edition" ("book_id", "no") on delete cascade on update no action)',
        'create index "ndx_seat_no_code" on "seat" ("no", "code")',
      ],
      postgres: [
        'create table "seat" ("row" integer not null, "no" smallint not null, "code" varchar(255) not null, primary key ("row", "no"), constraint "undx_seat_code" unique ("code"), constraint "fk_seat_row_no" foreign key ("row", "no") references "edition" ("book_id", "no") on delete cascade on update no action)',
        'create index "ndx_seat_no_code" on "seat" ("no", "code")',
      ],
      mysql: [
        'create table `seat` (`row` integer not null, `no` smallint not null, `code` varchar(255) not null, primary key (`row`, `no`), constraint `undx_seat_code` unique (`code`), constraint `fk_seat_row_no` foreign key (`row`, `no`) references `edition` (`book_id`, `no`) on delete cascade on update no action)',
        'create index `ndx_seat_no_code` on `seat` (`no`, `code`)',
      ],
    },
  },
  {
    name: 'every type',
    plan: {
      kind: 'create-table',
      name: 'types',
      columns: [
        { name: 'c_bigint', type: 'bigint', allowNull: true },
        { name: 'c_smallint', type: 'smallint', allowNull: true },
        { name: 'c_boolean', type: 'boolean', allowNull: true },
        { name: 'c_binary', type: 'binary', allowNull: true },
        { name: 'c_float', type: 'float', allowNull: true },
        { name: 'c_double', type: 'double', allowNull: true },
        { name: 'c_decimal', type: 'decimal', allowNull: true },
        { name: 'c_money', type: 'money', allowNull: true },
        { name: 'c_text', type: 'text', allowNull: true },
        { name: 'c_json', type: 'json', allowNull: true },
        { name: 'c_uuid', type: 'uuid', allowNull: true },
        { name: 'c_date', type: 'date', allowNull: true },
        { name: 'c_time', type: 'time', allowNull: true },
        { name: 'c_datetime', type: 'datetime', allowNull: true },
        { name: 'c_timestamp', type: 'timestamp', allowNull: true },
        { name: 'c_timestamptz', type: 'timestamptz', allowNull: true },
        { name: 'c_user_id', type: 'user_id', allowNull: true },
        { name: 'c_timestamp_on_create', type: 'timestamp_on_create', allowNull: true },
      ],
    },
    sql: {
      sqlite: [
        'create table "types" ("c_bigint" bigint, "c_smallint" smallint, "c_boolean" tinyint(1), "c_binary" blob, "c_float" float, "c_double" double, "c_decimal" decimal, "c_money" decimal(19,4), "c_text" text, "c_json" json, "c_uuid" uuid, "c_date" date, "c_time" time, "c_datetime" datetime, "c_timestamp" timestamp, "c_timestamptz" timestamptz, "c_user_id" integer, "c_timestamp_on_create" timestamp default current_timestamp)',
      ],
      postgres: [
        'create table "types" ("c_bigint" bigint, "c_smallint" smallint, "c_boolean" boolean, "c_binary" bytea, "c_float" real, "c_double" double precision, "c_decimal" decimal, "c_money" money, "c_text" text, "c_json" json, "c_uuid" uuid, "c_date" date, "c_time" time, "c_datetime" timestamp, "c_timestamp" timestamp, "c_timestamptz" timestamptz, "c_user_id" integer, "c_timestamp_on_create" timestamp default current_timestamp)',
      ],
      mysql: [
        'create table `types` (`c_bigint` bigint, `c_smallint` smallint, `c_boolean` tinyint(1), `c_binary` varbinary(255), `c_float` float, `c_double` double, `c_decimal` decimal, `c_money` decimal(19,4), `c_text` text, `c_json` json, `c_uuid` uuid, `c_date` date, `c_time` time, `c_datetime` datetime, `c_timestamp` timestamp null, `c_timestamptz` timestamp null, `c_user_id` int(11), `c_timestamp_on_create` timestamp null default current_timestamp)',
      ],
    },
  },
  {
    name: 'sizes',
    plan: {
      kind: 'create-table',
      name: 'sizes',
      columns: [
        { name: 'a', type: 'decimal', precision: 12, scale: 4 },
        { name: 'b', type: 'decimal', precision: 5 },
      ],
    },
    sql: {
      sqlite: ['create table "sizes" ("a" decimal(12,4) not null, "b" decimal(5,0) not null)'],
      postgres: ['create table "sizes" ("a" decimal(12,4) not null, "b" decimal(5,0) not null)'],
      mysql: ['create table `sizes` (`a` decimal(12,4) not null, `b` decimal(5,0) not null)'],
    },
  },
  {
    name: 'defaults are literals',
    plan: {
      kind: 'create-table',
      name: 'defaults',
      columns: [
        { name: 'a', type: 'string', default: "it's" },
        { name: 'b', type: 'integer', default: -1 },
        { name: 'c', type: 'boolean', default: true },
        { name: 'd', type: 'boolean', default: 0 },
        { name: 'e', type: 'timestamp', default: { expression: 'now' } },
      ],
    },
    sql: {
      sqlite: [
        `create table "defaults" ("a" varchar(255) not null default 'it''s', "b" integer not null default -1, "c" tinyint(1) not null default 1, "d" tinyint(1) not null default 0, "e" timestamp not null default current_timestamp)`,
      ],
      postgres: [
        `create table "defaults" ("a" varchar(255) not null default 'it''s', "b" integer not null default -1, "c" boolean not null default true, "d" boolean not null default false, "e" timestamp not null default current_timestamp)`,
      ],
      mysql: [
        "create table `defaults` (`a` varchar(255) not null default 'it''s', `b` integer not null default -1, `c` tinyint(1) not null default 1, `d` tinyint(1) not null default 0, `e` timestamp not null default current_timestamp)",
      ],
    },
  },
  {
    name: 'quotes in names are doubled',
    plan: { kind: 'create-table', name: 'a"b', columns: [{ name: 'c"); drop table x', type: 'bigid' }] },
    sql: {
      sqlite: ['create table "a""b" ("c""); drop table x" integer not null primary key autoincrement)'],
      postgres: ['create table "a""b" ("c""); drop table x" bigserial not null primary key)'],
      mysql: ['create table `a"b` (`c"); drop table x` bigint(20) not null auto_increment primary key)'],
    },
  },
  {
    name: 'a column is added',
    plan: { kind: 'add-column', table: 'book', column: { name: 'isbn', type: 'string', length: 13, allowNull: true } },
    sql: {
      sqlite: ['alter table "book" add column "isbn" varchar(13)'],
      postgres: ['alter table "book" add column "isbn" varchar(13)'],
      mysql: ['alter table `book` add column `isbn` varchar(13)'],
    },
  },
  {
    name: 'an index',
    plan: { kind: 'create-index', table: 'book', columns: ['title', 'pages'], unique: false },
    sql: {
      sqlite: ['create index "ndx_book_title_pages" on "book" ("title", "pages")'],
      postgres: ['create index "ndx_book_title_pages" on "book" ("title", "pages")'],
      mysql: ['create index `ndx_book_title_pages` on `book` (`title`, `pages`)'],
    },
  },
  {
    name: 'a unique index',
    plan: { kind: 'create-index', table: 'book', columns: ['title'], unique: true },
    sql: {
      sqlite: ['create unique index "undx_book_title" on "book" ("title")'],
      postgres: ['create unique index "undx_book_title" on "book" ("title")'],
      mysql: ['create unique index `undx_book_title` on `book` (`title`)'],
    },
  },
  {
    name: 'long names of indexes are cut',
    plan: {
      kind: 'create-index',
      table: 'book',
      columns: ['title', 'author_id', 'pages', 'cover', 'title', 'author_id', 'pages', 'cover'],
      unique: false,
    },
    sql: {
      sqlite: [
        'create index "ndx_book_title_author_id_pages_cover_title_author_id_pages_cove" on "book" ("title", "author_id", "pages", "cover", "title", "author_id", "pages", "cover")',
      ],
      postgres: [
        'create index "ndx_book_title_author_id_pages_cover_title_author_id_pages_cove" on "book" ("title", "author_id", "pages", "cover", "title", "author_id", "pages", "cover")',
      ],
      mysql: [
        'create index `ndx_book_title_author_id_pages_cover_title_author_id_pages_cover` on `book` (`title`, `author_id`, `pages`, `cover`, `title`, `author_id`, `pages`, `cover`)',
      ],
    },
  },
  {
    name: 'a table goes',
    plan: { kind: 'drop-table', name: 'book_tag' },
    sql: {
      sqlite: ['drop table "book_tag"'],
      postgres: ['drop table "book_tag"'],
      mysql: ['drop table `book_tag`'],
    },
  },
]

for (const { name, plan, sql } of cases) golden(name, sql, (compiler) => compiler.compileSchema(plan))
