/**
 * What stands around the rows of a body, for each format and shape (data-plane 2.9, 2.10, 3.4). Rows themselves are written by
 * encoders, relations by the program's run.
 */
import {
  csvEmpty,
  csvHeader,
  type Json,
  type Output,
  parseJson,
  xmlClose,
  xmlElement,
  xmlName,
  xmlOpen,
} from 'dataferry/sdk'
import type { ByteBuffer } from './buffer.ts'
import type { ReadProgram } from './types.ts'
import type { RowForm } from './wire.ts'

/** What `meta` may hold, in its order on the wire. `schema` is JSON text. */
export interface Meta {
  readonly count: bigint | number | null
  readonly next: bigint | number | null
  readonly schema: string | null
}
export const hasMeta = ({ count, next, schema }: Meta): boolean => count !== null || next !== null || schema !== null

/** Writes what stands around rows; the members between `beginRow` and `endRow` are written by others. */
export interface Frame {
  readonly form: RowForm
  begin(out: ByteBuffer): void
  /** `n`: how many rows went before. */
  beginRow(out: ByteBuffer, n: number): void
  endRow(out: ByteBuffer): void
  end(out: ByteBuffer, rows: number, meta: Meta): void
}

/** `wrapped`: a JSON list stands under its key. */
export function frameFor(program: ReadProgram, output: Output, wrapped: boolean): Frame {
  const record = program.result.kind === 'record'
  switch (output.format) {
    case 'json':
    case 'text':
      return record ? jsonRecord : jsonList(wrapped ? (output.wrapper ?? output.wrapperName) : null)
    case 'csv':
      return csvFrame(program)
    case 'xml':
      return record ? xmlRecord(output) : xmlList(output)
  }
}

const json: RowForm = { kind: 'json' }

const jsonRecord: Frame = {
  form: json,
  begin() {},
  beginRow: (out) => out.byte(123),
  endRow: (out) => out.byte(125),
  end() {},
}

const jsonList = (wrapper: string | null): Frame => ({
  form: json,
  begin: (out) => out.utf8(wrapper === null ? '[' : `{${JSON.stringify(wrapper)}:[`),
  beginRow: (out, n) => out.ascii(n === 0 ? '{' : ',{'),
  endRow: (out) => out.byte(125),
  end: (out, _rows, meta) => out.utf8(wrapper === null ? ']' : `]${hasMeta(meta) ? `,"meta":${metaJson(meta)}` : ''}}`),
})

function metaJson({ count, next, schema }: Meta): string {
  const members: string[] = []
  if (count !== null) members.push(`"count":${count}`)
  if (next !== null) members.push(`"next":${next}`)
  if (schema !== null) members.push(`"schema":${schema}`)
  return `{${members.join(',')}}`
}

function csvFrame({ rows, related }: ReadProgram): Frame {
  const keys = (rows?.columns ?? []).filter((column) => !column.hidden).map((column) => column.as)
  const header = csvHeader([...keys, ...related.map((relation) => relation.name)])
  return {
    form: { kind: 'csv' },
    begin() {},
    beginRow: (out, n) => {
      if (n === 0) out.utf8(header)
    },
    endRow: (out) => out.byte(10),
    end: (out, count) => {
      if (count === 0) out.ascii(csvEmpty)
    },
  }
}

const xmlRecord = ({ xmlRoot }: Output): Frame => ({
  form: { kind: 'xml', depth: 1 },
  begin: (out) => out.utf8(xmlOpen(xmlRoot)),
  beginRow() {},
  endRow() {},
  end: (out) => out.utf8(xmlClose(xmlRoot)),
})

function xmlList({ xmlRoot, wrapper, wrapperName }: Output): Frame {
  const name = xmlName(wrapper ?? wrapperName)
  return {
    form: { kind: 'xml', depth: 2 },
    begin: (out) => out.utf8(xmlOpen(xmlRoot)),
    beginRow: (out) => out.utf8(`\t<${name}>\n`),
    endRow: (out) => out.utf8(`\t</${name}>\n`),
    end: (out, _rows, meta) =>
      out.utf8(`${hasMeta(meta) ? xmlElement('meta', metaValue(meta), 1) : ''}${xmlClose(xmlRoot)}`),
  }
}

function metaValue({ count, next, schema }: Meta): Json {
  const value: { [key: string]: Json } = Object.create(null)
  if (count !== null) value.count = count
  if (next !== null) value.next = next
  if (schema !== null) value.schema = parseJson(schema)
  return value
}
