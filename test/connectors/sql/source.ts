/** Programs over a real database in memory, and their bodies as text. */
import type { DatabaseSync } from 'node:sqlite'
import type { ReadPlan } from 'dataferry/records'
import type { Bind, Output } from 'dataferry/sdk'
import {
  cursorOver,
  jsonBind,
  jsonParents,
  ReadRunner,
  type RowSourceOf,
  type WireValue,
  type WireValues,
  wireValues,
} from 'dataferry/sql'
import { SqliteCompiler } from '../../../connectors/sqlite/compiler.ts'

const scalar = (bind: Bind): WireValue => {
  if (typeof bind === 'boolean') return bind ? 1n : 0n
  return Array.isArray(bind) ? jsonBind(bind) : (bind as WireValue)
}

/** `texts` collects the statements that were run. */
export function sourceOver(db: DatabaseSync, texts: string[] = []): RowSourceOf<WireValues> {
  return {
    open(statement, binds, parents) {
      texts.push(statement.text)
      const values = statement.parameters.map((parameter) =>
        parameter.kind === 'parents' ? jsonParents(parents ?? []) : scalar(binds[parameter.slot] ?? null),
      )
      return cursorOver(db.prepare(statement.text).iterate(...values) as unknown as Iterable<WireValues>)
    },
  }
}

export const output = (format: Output['format'], more: Partial<Output> = {}): Output => ({
  format,
  type: '',
  wrapper: 'resource',
  wrapperName: 'resource',
  xmlRoot: 'dfapi',
  fileName: null,
  ...more,
})

export interface Ran {
  readonly body: string
  readonly chunks: readonly number[]
  readonly texts: readonly string[]
}

export async function run(
  db: DatabaseSync,
  plan: ReadPlan,
  binds: readonly Bind[],
  out: Output = output('json'),
): Promise<Ran> {
  const program = new SqliteCompiler().compileRead(plan, 'r1')
  const chunks: Uint8Array[] = []
  const texts: string[] = []
  const sink = {
    async write(chunk: Uint8Array): Promise<void> {
      chunks.push(chunk)
    },
  }
  await new ReadRunner(program, wireValues).run(sourceOver(db, texts), binds, out, sink, new AbortController().signal)
  return { body: Buffer.concat(chunks).toString('utf8'), chunks: chunks.map((chunk) => chunk.length), texts }
}
