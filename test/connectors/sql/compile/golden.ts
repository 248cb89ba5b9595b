/** Golden statements: every case names what each dialect makes of it. SQLite's are prepared too, which proves that they are valid. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SqlCompiler } from 'dataferry/sql'
import { MysqlCompiler } from '../../../../connectors/mysql/compiler.ts'
import { factsOf } from '../../../../connectors/mysql/server.ts'
import { PostgresCompiler } from '../../../../connectors/postgres/compiler.ts'
import { SqliteCompiler } from '../../../../connectors/sqlite/compiler.ts'
import { library } from '../tables.ts'

const mariadb = factsOf('10.11.3-MariaDB', null, 16_777_216, 1)
export const dialects = {
  sqlite: new SqliteCompiler(),
  postgres: new PostgresCompiler(),
  mysql: new MysqlCompiler(() => mariadb),
}
type DialectName = keyof typeof dialects

/** A dialect without an answer does not compile. */
export type Expected<T> = { readonly [D in DialectName]: T }

const names: readonly DialectName[] = ['sqlite', 'postgres', 'mysql']

/** What each dialect makes of all cases of the files that are loaded, for those who have a server to prepare it on. */
export const statements: { readonly dialect: DialectName; readonly name: string; readonly texts: readonly string[] }[] =
  []

/** One test for each dialect; `texts`: what the compiler makes. */
export function golden(
  name: string,
  expected: Expected<readonly string[]>,
  texts: (compiler: SqlCompiler) => readonly string[],
): void {
  for (const dialect of names) {
    statements.push({ dialect, name, texts: expected[dialect] })
    test(`${name}: ${dialect}`, () => {
      const made = texts(dialects[dialect])
      assert.deepEqual(made, expected[dialect])
      if (dialect === 'sqlite') prepare(made)
    })
  }
}

/** Statements that change the structure are run, since later ones may need them. */
export function prepare(texts: readonly string[]): void {
  const db = library()
  for (const text of texts) {
    if (/^(?:create|alter|drop) /.test(text)) db.exec(text)
    else db.prepare(text)
  }
  db.close()
}
