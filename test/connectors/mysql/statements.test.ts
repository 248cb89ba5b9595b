/** The golden statements are valid: a real server prepares each, and runs those that change the structure. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { mysql } from '../../support/databases.ts'
import { statements } from '../sql/compile/golden.ts'
import '../sql/compile/ddl.test.ts'
import '../sql/compile/predicate.test.ts'
import '../sql/compile/related.test.ts'
import '../sql/compile/select.test.ts'
import '../sql/compile/write.test.ts'
import { statements as profiled } from '../sql/compile/profiles.ts'
import '../sql/compile/alter.test.ts'
import '../sql/compile/profiles.test.ts'
import '../sql/compile/step.test.ts'
import { piecesOf } from '../../../connectors/mysql/binds.ts'
import { arrange, isMariadb } from './database.ts'

const { database, skip } = await mysql()
after(() => database?.stop())
const mariadb = database === null || (await isMariadb(database))

const library = `
  create table author (id integer primary key auto_increment, name varchar(80) collate utf8mb4_general_ci, email varchar(80) collate utf8mb4_general_ci, born date, active boolean, rating decimal(5,2), constraint u_email unique (email));
  create table book (id integer primary key auto_increment, title varchar(80) collate utf8mb4_general_ci, author_id integer, pages integer, cover varbinary(200), index (author_id));
  create table tag (id integer primary key, label varchar(80) collate utf8mb4_general_ci);
  create table book_tag (book_id integer, tag_id integer, primary key (book_id, tag_id));
  create table edition (book_id integer, no integer, \`odd"name\` text, primary key (book_id, no));
  create view author_book as select a.name, b.title from author a join book b on b.author_id = a.id;
  create table print (id integer primary key, book_id integer, edition_no integer);
`

/** Cases that this server refuses: columns that refer have the very type, and an index has each column once. */
const refused: { readonly [name: string]: number } = {
  'a key of two columns, unique columns, indexes': mariadb ? 1005 : 3780,
  'long names of indexes are cut': 1060,
}

const mysqls: ReadonlySet<string> = new Set(['mysql57', 'mysql80', 'mariadb102', 'mariadb', 'singlestore'])
const onlyMysql = / as df_new on duplicate key /
const onlyMariadb = / uuid\b(?!\()/
/** As the driver sends a parameter that stands for rows. */
const withRows = (text: string): string => text.replace('from (?) as t', 'from (select ? as o, ? as k1) as t')

test('golden statements on a real server', { skip }, async (t) => {
  assert.ok(database)
  const shared = await arrange(t, database, library)
  const own = [
    ...statements.filter(({ dialect }) => dialect === 'mysql'),
    ...profiled
      .filter(({ profile }) => mysqls.has(profile))
      .map(({ profile, name, texts }) => ({ name: `${name}: ${profile}`, texts: texts.map(withRows) })),
  ].filter(({ name, texts }) => {
    // The service tells the collation of keys that have one.
    if (!mariadb && name === 'an object by something that is no key') return false
    return !texts.some((text) => (mariadb ? onlyMysql : onlyMariadb).test(text))
  })
  assert.ok(own.length > 190, `${own.length} cases`)
  for (const { name, texts } of own) {
    await t.test(name, async (one) => {
      assert.ok(database)
      const changes = texts.some((text) => /^(?:create|alter|drop) /.test(text))
      const { direct, name: schema } = changes ? await arrange(one, database, library) : shared
      for (const text of texts) {
        // The other schema of one case.
        const here = text.replace('`main`.', `\`${schema}\`.`)
        if (changes && refused[name] !== undefined) return assert.rejects(direct.run(here), { errno: refused[name] })
        if (changes) await direct.run(here)
        else await direct.run(`prepare made from '${here.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
      }
    })
  }
})

test('placeholders are found outside of quotes only', () => {
  const cases: readonly (readonly [text: string, pieces: readonly string[]])[] = [
    ['select 1', ['select 1']],
    ['select ?, ?', ['select ', ', ', '']],
    ['select `what?` = ?', ['select `what?` = ', '']],
    ['select `a``?` = ?', ['select `a``?` = ', '']],
    ["select '?', '''?', '\\'?', ?", ["select '?', '''?', '\\'?', ", '']],
  ]
  for (const [text, pieces] of cases) {
    assert.deepEqual(piecesOf({ text, parameters: [], columns: [], point: false }), pieces)
  }
})
