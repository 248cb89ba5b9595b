/** A real database file in a folder of its own, and a runner on it; both are gone when the test is. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import type { ByteSink, Output, ServiceHost } from 'dataferry/sdk'
import type { ReadProgram, Statement, WireColumn, WriteProgram } from 'dataferry/sql'
import { type RunnerOptions, SqliteRunner } from '../../../connectors/sqlite/runner.ts'

export const log: ServiceHost['log'] = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export const signal = new AbortController().signal

export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'dataferry-sqlite-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A file made by the statements, and a runner on it. */
export function database(t: TestContext, sql: string, options: Partial<RunnerOptions> = {}) {
  const file = join(folder(t), 'test.db')
  const direct = new DatabaseSync(file)
  direct.exec('PRAGMA journal_mode = WAL')
  direct.exec(sql)
  t.after(() => direct.isOpen && direct.close())
  const runner = new SqliteRunner({ file, statements: [], readers: 2, timeoutMs: 30_000, ...options })
  t.after(() => runner.close())
  return { file, direct, runner }
}

export const json: Output = {
  format: 'json',
  type: 'application/json',
  wrapper: 'resource',
  wrapperName: 'resource',
  xmlRoot: 'dfapi',
  fileName: null,
}

/** Collects what is written. */
export class Collected implements ByteSink {
  readonly chunks: Uint8Array[] = []
  write(chunk: Uint8Array): void {
    this.chunks.push(chunk)
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8')
  }
}

export const column = (as: string, type: WireColumn['type'] = 'string'): WireColumn => ({
  as,
  type,
  dbType: '',
  hidden: false,
})

let programs = 0

/** A statement over slots in the order of its placeholders. */
export const statement = (text: string, columns: readonly WireColumn[], point = false): Statement => ({
  text,
  parameters: [...text.matchAll(/\?/g)].map((_, slot) => ({ kind: 'slot', slot })),
  columns,
  point,
})

/** A list of all that the statement gives. */
export function listProgram(
  text: string,
  columns: readonly WireColumn[],
  more: Partial<ReadProgram> = {},
): ReadProgram {
  return {
    kind: 'read',
    id: `r${++programs}`,
    result: { kind: 'list', count: 'no', schema: null },
    rows: statement(text, columns),
    count: null,
    grouped: false,
    limit: null,
    offset: null,
    related: [],
    ...more,
  }
}

export const writeProgram = (text: string, columns: readonly WireColumn[] = [], point = true): WriteProgram => ({
  kind: 'write',
  id: `w${++programs}`,
  statement: statement(text, columns, point),
})
