import type { Bind, ByteSink, Output } from 'dataferry/sdk'
import type { Row } from 'dataferry/records'
import type { ReadProgram, WireColumn } from 'dataferry/sql'
import { type Connection, wireValue } from './connection.ts'
import type { WireRow } from './protocol.ts'
export async function runRead(c: Connection, p: ReadProgram, binds: readonly Bind[], _o: Output, write: (chunk: Uint8Array) => void | Promise<void>): Promise<void> {
  let s = ''
  const flush = (): void | Promise<void> => { const b = Buffer.from(s); s = ''; return write(new Uint8Array(b)) }
  s += '['
  let first = true
  if (p.rows) for (const row of c.iterate(p.rows, p.rows.parameters.map((q) => wireValue(binds[(q as { slot: number }).slot] ?? null)))) {
    s += (first ? '' : ',') + JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? Number(v) : v)); first = false
    if (s.length > 65536) await flush()
  }
  s += ']'
  await flush()
}
export async function collectRows(_p: ReadProgram, run: (o: Output, sink: ByteSink) => Promise<void>): Promise<readonly Row[]> {
  const parts: Uint8Array[] = []
  await run({} as Output, { write: (c) => { parts.push(c) } })
  return JSON.parse(Buffer.concat(parts).toString())
}
export const rowDecoder = (columns: readonly WireColumn[]) => (row: WireRow): Row => Object.fromEntries(columns.map((c, i) => [c.as, row[i] as never]))
