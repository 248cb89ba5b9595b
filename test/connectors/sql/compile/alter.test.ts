/** Every simple type on every dialect, and changes of tables that are there (data-plane 6.4, 6.5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ColumnDefinition, plainColumn, type SchemaPlan, type SimpleType } from 'dataferry/records'
import { dialects, type Expected, golden } from './golden.ts'

const types: readonly (readonly [definition: Omit<ColumnDefinition, 'name'>, sql: Expected<string>])[] = [
  [{ type: 'array' }, { sqlite: 'json', postgres: 'text[]', mysql: 'json' }],
  [{ type: 'bigint' }, { sqlite: 'bigint', postgres: 'bigint', mysql: 'bigint' }],
  [{ type: 'binary' }, { sqlite: 'blob', postgres: 'bytea', mysql: 'varbinary(255)' }],
  [
    { type: 'binary', length: 16, fixedLength: true },
    { sqlite: 'blob', postgres: 'bytea', mysql: 'binary(16)' },
  ],
  [{ type: 'boolean' }, { sqlite: 'tinyint(1)', postgres: 'boolean', mysql: 'tinyint(1)' }],
  [{ type: 'date' }, { sqlite: 'date', postgres: 'date', mysql: 'date' }],
  [{ type: 'datetime' }, { sqlite: 'datetime', postgres: 'timestamp', mysql: 'datetime' }],
  [{ type: 'datetimetz' }, { sqlite: 'datetimetz', postgres: 'timestamptz', mysql: 'datetime' }],
  [{ type: 'decimal' }, { sqlite: 'decimal', postgres: 'decimal', mysql: 'decimal' }],
  [
    { type: 'decimal', precision: 8, scale: 2 },
    { sqlite: 'decimal(8,2)', postgres: 'decimal(8,2)', mysql: 'decimal(8,2)' },
  ],
  [{ type: 'double' }, { sqlite: 'double', postgres: 'double precision', mysql: 'double' }],
  [{ type: 'float' }, { sqlite: 'float', postgres: 'real', mysql: 'float' }],
  [{ type: 'integer' }, { sqlite: 'integer', postgres: 'integer', mysql: 'integer' }],
  [{ type: 'json' }, { sqlite: 'json', postgres: 'json', mysql: 'json' }],
  [{ type: 'jsonb' }, { sqlite: 'jsonb', postgres: 'jsonb', mysql: 'json' }],
  [{ type: 'longtext' }, { sqlite: 'longtext', postgres: 'text', mysql: 'longtext' }],
  [{ type: 'mediumint' }, { sqlite: 'mediumint', postgres: 'integer', mysql: 'mediumint' }],
  [{ type: 'mediumtext' }, { sqlite: 'mediumtext', postgres: 'text', mysql: 'mediumtext' }],
  [{ type: 'money' }, { sqlite: 'decimal(19,4)', postgres: 'money', mysql: 'decimal(19,4)' }],
  [{ type: 'object' }, { sqlite: 'json', postgres: 'jsonb', mysql: 'json' }],
  [{ type: 'reference' }, { sqlite: 'integer', postgres: 'integer', mysql: 'int(11)' }],
  [{ type: 'smallint' }, { sqlite: 'smallint', postgres: 'smallint', mysql: 'smallint' }],
  [{ type: 'string' }, { sqlite: 'varchar(255)', postgres: 'varchar(255)', mysql: 'varchar(255)' }],
  [
    { type: 'string', length: 4, fixedLength: true },
    { sqlite: 'char(4)', postgres: 'char(4)', mysql: 'char(4)' },
  ],
  [{ type: 'text' }, { sqlite: 'text', postgres: 'text', mysql: 'text' }],
  [{ type: 'time' }, { sqlite: 'time', postgres: 'time', mysql: 'time' }],
  [{ type: 'timetz' }, { sqlite: 'timetz', postgres: 'timetz', mysql: 'time' }],
  [{ type: 'timestamptz' }, { sqlite: 'timestamptz', postgres: 'timestamptz', mysql: 'timestamp' }],
  [{ type: 'tinyint' }, { sqlite: 'tinyint', postgres: 'smallint', mysql: 'tinyint' }],
  [{ type: 'user_id' }, { sqlite: 'integer', postgres: 'integer', mysql: 'int(11)' }],
  [{ type: 'uuid' }, { sqlite: 'uuid', postgres: 'uuid', mysql: 'uuid' }],
  [{ type: 'timeuuid' }, { sqlite: 'uuid', postgres: 'uuid', mysql: 'uuid' }],
  [
    { type: 'string', native: 'Decimal( 12 , 3 )' },
    { sqlite: 'decimal(12,3)', postgres: 'decimal(12,3)', mysql: 'decimal(12,3)' },
  ],
  [
    { type: 'string', native: 'double  PRECISION' },
    { sqlite: 'double precision', postgres: 'double precision', mysql: 'double precision' },
  ],
]

for (const [definition, expected] of types) {
  golden(
    `the type ${JSON.stringify(definition)}`,
    {
      sqlite: [`create table "t" ("f" ${expected.sqlite} not null)`],
      postgres: [`create table "t" ("f" ${expected.postgres} not null)`],
      mysql: [`create table \`t\` (\`f\` ${expected.mysql} not null)`],
    },
    (compiler) => compiler.compileSchema({ kind: 'create-table', name: 't', columns: [{ name: 'f', ...definition }] }),
  )
}

const keys: readonly (readonly [type: SimpleType, sql: Expected<string>])[] = [
  ['bigid', { sqlite: 'integer', postgres: 'bigserial', mysql: 'bigint(20)' }],
  ['mediumid', { sqlite: 'integer', postgres: 'serial', mysql: 'mediumint(9)' }],
  ['smallid', { sqlite: 'integer', postgres: 'smallserial', mysql: 'smallint(6)' }],
]
for (const [type, expected] of keys) {
  golden(
    `a key of type ${type}`,
    {
      sqlite: [`create table "t" ("k" ${expected.sqlite} not null primary key autoincrement)`],
      postgres: [`create table "t" ("k" ${expected.postgres} not null primary key)`],
      mysql: [`create table \`t\` (\`k\` ${expected.mysql} not null auto_increment primary key)`],
    },
    (compiler) => compiler.compileSchema({ kind: 'create-table', name: 't', columns: [{ name: 'k', type }] }),
  )
}

const options: ReadonlyMap<object, string> = new Map<object, string>([
  [dialects.sqlite, 'WITHOUT ROWID'],
  [dialects.postgres, 'WITH (fillfactor=70)'],
  [dialects.mysql, 'ENGINE=InnoDB COLLATE utf8mb4_bin'],
])
golden(
  'options of a table, and a uuid by default',
  {
    sqlite: [
      `create table "t" ("f" uuid not null default (lower(substr(hex(randomblob(4)), 1) || '-' || substr(hex(randomblob(2)), 1) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || substr(hex(randomblob(6)), 1))), primary key ("f")) WITHOUT ROWID`,
    ],
    postgres: [
      `create table "t" ("f" uuid not null default gen_random_uuid(), primary key ("f")) WITH (fillfactor=70)`,
    ],
    mysql: [
      'create table `t` (`f` uuid not null default (uuid()), primary key (`f`)) ENGINE=InnoDB COLLATE utf8mb4_bin',
    ],
  },
  (compiler) =>
    compiler.compileSchema({
      kind: 'create-table',
      name: 't',
      columns: [{ name: 'f', type: 'uuid', default: { expression: 'uuid' } }],
      primaryKey: ['f'],
      options: options.get(compiler) ?? '',
    }),
)

golden(
  'defaults',
  {
    sqlite: [
      `create table "t" ("a" varchar(255) not null default 'it''s', "b" tinyint(1) default 1, "c" timestamp default current_timestamp, "d" date default current_date, "e" integer not null default -3)`,
    ],
    postgres: [
      `create table "t" ("a" varchar(255) not null default 'it''s', "b" boolean default true, "c" timestamp default current_timestamp, "d" date default current_date, "e" integer not null default -3)`,
    ],
    mysql: [
      `create table \`t\` (\`a\` varchar(255) not null default 'it''s', \`b\` tinyint(1) default 1, \`c\` timestamp null default current_timestamp, \`d\` date default (current_date), \`e\` integer not null default -3)`,
    ],
  },
  (compiler) =>
    compiler.compileSchema({
      kind: 'create-table',
      name: 't',
      columns: [
        { name: 'a', type: 'string', default: "it's" },
        { name: 'b', type: 'boolean', allowNull: true, default: true },
        { name: 'c', type: 'timestamp', allowNull: true, default: { expression: 'now' } },
        { name: 'd', type: 'date', allowNull: true, default: { expression: 'current_date' } },
        { name: 'e', type: 'integer', default: -3 },
      ],
    }),
)

const was = plainColumn('f', 'string', { length: 20 })
const wide: ColumnDefinition = { name: 'f', type: 'string', length: 50, allowNull: false, default: 'x' }
/** What a table that is there becomes by statements known beforehand: on PostgreSQL, and of the others what they share. */
const alterations: readonly {
  readonly name: string
  readonly plan: SchemaPlan
  readonly postgres: readonly string[]
  readonly mysql?: readonly string[]
}[] = [
  {
    name: 'all parts of a column',
    plan: {
      kind: 'alter-column',
      table: 't',
      column: wide,
      was,
      parts: { type: true, allowNull: true, default: true },
    },
    postgres: [
      'alter table "t" alter column "f" drop default',
      'alter table "t" alter column "f" type varchar(50) using "f"::varchar(50)',
      'alter table "t" alter column "f" set not null',
      `alter table "t" alter column "f" set default 'x'`,
    ],
  },
  {
    name: 'nullability alone',
    plan: {
      kind: 'alter-column',
      table: 't',
      column: { ...wide, allowNull: true },
      was,
      parts: { type: false, allowNull: true, default: false },
    },
    postgres: ['alter table "t" alter column "f" drop not null'],
  },
  {
    name: 'a column with a foreign key is dropped',
    plan: { kind: 'drop-column', table: { name: 's.t', schema: 's' }, column: 'f', foreignKeys: ['fk_t_f'] },
    postgres: ['alter table "s"."t" drop column "f"'],
    mysql: ['alter table `s`.`t` drop foreign key `fk_t_f`, drop column `f`'],
  },
  {
    name: 'a unique field, an index, a reference: the name of the schema comes first',
    plan: { kind: 'add-unique', table: 't', schema: 'public', columns: ['f'] },
    postgres: ['alter table "t" add constraint "undx_public_t_f" unique ("f")'],
    mysql: ['alter table `t` add constraint `undx_public_t_f` unique (`f`)'],
  },
  {
    name: 'an index that may be there',
    plan: { kind: 'create-index', table: 't', schema: 'public', columns: ['f'], unique: false, ifMissing: true },
    postgres: ['create index if not exists "ndx_public_t_f" on "t" ("f")'],
    mysql: ['create index `ndx_public_t_f` on `t` (`f`)'],
  },
  {
    name: 'a reference with rules',
    plan: {
      kind: 'add-foreign-key',
      table: 't',
      schema: 'hr',
      foreignKey: { columns: ['f'], refTable: 'p', refColumns: ['id'], onDelete: 'SET NULL', onUpdate: 'CASCADE' },
    },
    postgres: [
      'alter table "t" add constraint "fk_hr_t_f" foreign key ("f") references "p" ("id") on delete set null on update cascade',
    ],
    mysql: [
      'alter table `t` add constraint `fk_hr_t_f` foreign key (`f`) references `p` (`id`) on delete set null on update cascade',
    ],
  },
  {
    name: 'a unique constraint goes',
    plan: { kind: 'drop-unique', table: 't', column: 'f', names: ['undx_public_t_f'] },
    postgres: ['alter table "t" drop constraint "undx_public_t_f"'],
    mysql: ['alter table `t` drop index `undx_public_t_f`'],
  },
  {
    name: 'a reference goes',
    plan: { kind: 'drop-foreign-key', table: { name: 's.t', schema: 's' }, column: 'f', names: ['odd "key`'] },
    postgres: ['alter table "s"."t" drop constraint "odd ""key`"'],
    mysql: ['alter table `s`.`t` drop foreign key `odd "key```'],
  },
  {
    name: 'an index of ours goes, in the schema of its table',
    plan: { kind: 'drop-index', table: { name: 's.t', schema: 's' }, schema: 's', column: 'f' },
    postgres: ['drop index if exists "s"."ndx_s_t_f"'],
  },
]
for (const { name, plan, postgres, mysql } of alterations) {
  test(name, () => {
    assert.deepEqual(dialects.postgres.compileSchema(plan), postgres)
    if (mysql) assert.deepEqual(dialects.mysql.compileSchema(plan), mysql)
  })
}

const refused: readonly (readonly [name: string, column: ColumnDefinition])[] = [
  ['an unknown word', { name: 'f', type: 'string', native: 'wat' }],
  ['SQL behind the type', { name: 'f', type: 'string', native: 'int) ; drop table t; --' }],
  ['a text in the parentheses', { name: 'f', type: 'string', native: "varchar('1')" }],
  ['more words', { name: 'f', type: 'string', native: 'integer references t' }],
  ['a simple type that is no column', { name: 'f', type: 'ref_cursor' }],
  ['an empty name', { name: '', type: 'string' }],
  ['a zero in a name', { name: 'a\0b', type: 'string' }],
  ['a name that is too long', { name: 'x'.repeat(300), type: 'string' }],
  ['a zero in a default', { name: 'f', type: 'string', default: 'a\0b' }],
]
for (const [name, column] of refused) {
  for (const [dialect, compiler] of Object.entries(dialects)) {
    test(`${name} is refused: ${dialect}`, () => {
      const plan: SchemaPlan = { kind: 'add-column', table: 't', column }
      assert.throws(() => compiler.compileSchema(plan), { name: 'BadRequest' })
    })
  }
}

test('names of constraints are cut, whole letters kept', () => {
  const name = `${'ä'.repeat(40)}x`
  const [text] = dialects.postgres.compileSchema({ kind: 'add-unique', table: 't', columns: [name.slice(0, 30)] })
  const constraint = /constraint "([^"]*)"/.exec(text ?? '')?.[1] ?? ''
  assert.ok(Buffer.byteLength(constraint) <= 63 && constraint.startsWith('undx_t_ä'), constraint)
})
