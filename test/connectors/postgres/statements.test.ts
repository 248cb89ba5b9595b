/** The golden statements are valid: a real server prepares each, and runs those that change the structure. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { postgres } from '../../support/databases.ts'
import { statements } from '../sql/compile/golden.ts'
import '../sql/compile/alter.test.ts'
import '../sql/compile/ddl.test.ts'
import '../sql/compile/predicate.test.ts'
import '../sql/compile/related.test.ts'
import '../sql/compile/select.test.ts'
import '../sql/compile/step.test.ts'
import '../sql/compile/write.test.ts'
import { statements as profiled } from '../sql/compile/profiles.ts'
import '../sql/compile/profiles.test.ts'
import { arrange } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

const library = `
  create table author (id serial primary key, name varchar(80), email varchar(80) constraint u_email unique, born date, active boolean, rating decimal(5,2));
  create table book (id serial primary key, title varchar(80), author_id integer, pages integer, cover bytea);
  create table tag (id integer primary key, label varchar(80));
  create table book_tag (book_id integer, tag_id integer, primary key (book_id, tag_id));
  create table edition (book_id integer, no integer, "odd""name" text, primary key (book_id, no));
  create view author_book as select a.name, b.title from author a join book b on b.author_id = a.id;
  create table print (id integer primary key, book_id integer, edition_no integer);
`

/** Cases that this server refuses, with the code of its error. */
const refused: { readonly [name: string]: string } = {}

const own = [
  ...statements.filter(({ dialect }) => dialect === 'postgres'),
  // What CockroachDB alone understands is none of this server's.
  ...profiled
    .filter(({ profile }) => profile === 'postgres' || profile === 'timescale' || profile === 'cockroach')
    .filter(({ texts }) => !texts.some((text) => text.includes('"@"')))
    .map(({ profile, name, texts }) => ({ name: `${name}: ${profile}`, texts })),
]

test('golden statements on a real server', { skip }, async (t) => {
  assert.ok(database)
  assert.ok(own.length > 150, `${own.length} cases`)
  const shared = await arrange(t, database, library)
  for (const { name, texts } of own) {
    await t.test(name, async (one) => {
      assert.ok(database)
      const changes = texts.some((text) => /^(?:create|alter|drop) /.test(text))
      const { client, schema } = changes ? await arrange(one, database, library) : shared
      for (const text of texts) {
        // The other schema of one case.
        const here = text.replace('"main".', `"${schema}".`)
        const code = refused[name]
        const run = (): Promise<unknown> =>
          changes
            ? client.query(here)
            : client.query(`prepare made as ${here}`).then(() => client.query('deallocate made'))
        if (code === undefined) await run()
        else await assert.rejects(run(), { code })
      }
    })
  }
})
