/**
 * Golden statements of every kind of server that a service type stands for, by version where that matters. A case names what each makes
 * of it; one that makes the same as another says so.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SqlCompiler } from 'dataferry/sql'
import { MysqlCompiler } from '../../../../connectors/mysql/compiler.ts'
import { factsOf } from '../../../../connectors/mysql/server.ts'
import { cockroach, postgresql, redshift, timescale } from '../../../../connectors/postgres/flavours.ts'
import { SqliteCompiler } from '../../../../connectors/sqlite/compiler.ts'
import { prepare } from './golden.ts'

const mysqlOf = (version: string, vendor: 'singlestore' | null = null): SqlCompiler => {
  const facts = factsOf(version, vendor, 16_777_216, 1)
  return new MysqlCompiler(() => facts)
}

export const profiles = {
  sqlite: new SqliteCompiler(),
  /** AlloyDB too, whose SQL is PostgreSQL's. */
  postgres: postgresql.compiler,
  timescale: timescale.compiler,
  cockroach: cockroach.compiler,
  redshift: redshift.compiler,
  /** Aurora in its MySQL form tells its MySQL version. */
  mysql57: mysqlOf('5.7.44-log'),
  mysql80: mysqlOf('8.0.36'),
  mariadb102: mysqlOf('10.2.44-MariaDB'),
  mariadb: mysqlOf('10.11.19-MariaDB-0+deb12u1'),
  singlestore: mysqlOf('5.7.32', 'singlestore'),
} as const
export type Profile = keyof typeof profiles

/**
 * Statements, the name of a profile that makes the same, or the message of a refusal; null: not known beforehand, because the server is
 * asked what is there, or the table is made anew.
 */
export type Made = readonly string[] | Profile | RegExp | null
/** A profile without an answer does not compile. */
export type Expected = { readonly [P in Profile]: Made }

/** Where a server is found that understands what a profile makes, it is asked to prepare it. */
export const statements: { readonly profile: Profile; readonly name: string; readonly texts: readonly string[] }[] = []

/** One test for each profile; `texts`: what the compiler makes. */
export function golden(name: string, expected: Expected, texts: (sql: SqlCompiler) => readonly string[]): void {
  for (const profile of Object.keys(profiles) as Profile[]) {
    const own = expected[profile]
    if (own === null) continue
    const wanted = typeof own === 'string' ? expected[own] : own
    if (Array.isArray(wanted)) statements.push({ profile, name, texts: wanted as readonly string[] })
    test(`${name}: ${profile}`, () => {
      if (wanted instanceof RegExp) assert.throws(() => texts(profiles[profile]), { message: wanted })
      else assert.deepEqual(texts(profiles[profile]), wanted)
      if (profile === 'sqlite' && Array.isArray(wanted)) prepare(wanted as readonly string[])
    })
  }
}
