/** Values on their way to the server: every one is a parameter of a prepared statement, in the type that it has. */

import { type Bind, Decimal } from 'dataferry/sdk'
import { jsonBind, jsonParents, type Parameter, type ParentRow, type Statement } from 'dataferry/sql'
import type { TypedParameterValue } from 'mysql2'
import { typedParameter } from './driver.ts'

/** What the driver takes. */
export type Wire = null | string | number | Buffer | TypedParameterValue

const least = -(2n ** 63n)
const most = 2n ** 63n - 1n
const mostUnsigned = 2n ** 64n - 1n

/** One value. */
export type Scalar = Exclude<Bind, Decimal | readonly Bind[]>

/** A list that is one value, of a SET column, is text with commas. */
function scalarOf(bind: Bind): Scalar {
  if (Array.isArray(bind)) return bind.map((each) => String(each)).join(',')
  return bind instanceof Decimal ? bind.digits : (bind as Scalar)
}

/** Whole numbers go in as integers, beyond 64 bits as decimals. */
export function wireOf(bind: Bind): Wire {
  switch (typeof bind) {
    case 'string':
      return bind
    case 'boolean':
      return typedParameter().LONGLONG(bind ? 1n : 0n)
    case 'bigint': {
      const { LONGLONG, NEWDECIMAL } = typedParameter()
      if (bind >= least && bind <= most) return LONGLONG(bind)
      return bind > most && bind <= mostUnsigned ? LONGLONG.unsigned(bind) : NEWDECIMAL(bind.toString())
    }
    case 'number':
      return Number.isSafeInteger(bind) ? typedParameter().LONGLONG(BigInt(bind)) : bind
    default:
      if (bind === null) return null
      if (bind instanceof Uint8Array) return Buffer.from(bind.buffer, bind.byteOffset, bind.byteLength)
      return scalarOf(bind) as string
  }
}

/** Bytes of a statement and its parameters on the wire, a few more rather than less. */
export function sizeOf(text: string, values: readonly (Wire | Scalar)[]): number {
  let bytes = text.length + 64
  for (const value of values) {
    if (typeof value === 'string') bytes += (value.length < 1024 ? value.length * 3 : Buffer.byteLength(value)) + 11
    else bytes += value instanceof Uint8Array ? value.length + 11 : 11
  }
  return bytes
}

/** A statement as it is prepared, and its parameters. */
export interface Placed<V> {
  readonly text: string
  readonly values: readonly V[]
}

/** For the driver. */
export function place(
  statement: Statement,
  binds: readonly Bind[],
  parents: readonly ParentRow[] | null,
): Placed<Wire> {
  const { text, values } = placeScalars(statement, binds, parents)
  return { text, values: values.map(wireOf) }
}

/** Lists and parents are one JSON text where JSON_TABLE reads them; else their placeholder stands for as many as they have members. */
export function placeScalars(
  statement: Statement,
  binds: readonly Bind[],
  parents: readonly ParentRow[] | null,
): Placed<Scalar> {
  const { parameters, text } = statement
  if (parameters.every((parameter) => parameter.kind === 'slot')) {
    return { text, values: parameters.map(({ slot }) => scalarOf(binds[slot] ?? null)) }
  }
  const values: Scalar[] = []
  const pieces = piecesOf(statement)
  let whole = pieces[0] ?? ''
  for (const [i, parameter] of parameters.entries()) {
    const json = whole.endsWith('json_table(')
    whole +=
      parameter.kind === 'parents'
        ? placedParents(parents ?? [], json, values)
        : placedBind(parameter, binds, json, values)
    whole += pieces[i + 1] ?? ''
  }
  return { text: whole, values }
}

function placedParents(parents: readonly ParentRow[], json: boolean, values: Scalar[]): string {
  if (!json) return union(parents, values)
  values.push(jsonParents(parents))
  return '?'
}

function placedBind(
  parameter: Exclude<Parameter, { kind: 'parents' }>,
  binds: readonly Bind[],
  json: boolean,
  values: Scalar[],
): string {
  const bind = binds[parameter.slot] ?? null
  if (parameter.kind === 'slot' || json) {
    values.push(json ? jsonBind(bind) : scalarOf(bind))
    return '?'
  }
  const list: readonly Bind[] = Array.isArray(bind) ? bind : []
  // Of a few lengths only, so that few statements are prepared: the last member is repeated.
  const length = padded(list.length)
  for (let i = 0; i < length; i++) values.push(scalarOf(list[Math.min(i, list.length - 1)] ?? null))
  return marks(length)
}

const padded = (length: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, length)))
const marks = (length: number): string => Array(length).fill('?').join(', ')

/** Rows that are missing to a length are null, and meet nothing. */
function union(parents: readonly ParentRow[], values: Scalar[]): string {
  const width = parents[0]?.length ?? 1
  const rows: string[] = []
  for (let i = 0; i < padded(parents.length); i++) {
    for (let k = 0; k < width; k++) values.push(hexOf(parents[i]?.[k] ?? null))
    rows.push(
      `select ${i === 0 ? ['? as o', ...Array.from({ length: width - 1 }, (_, k) => `? as k${k + 1}`)].join(', ') : marks(width)}`,
    )
  }
  return rows.join(' union all ')
}

/** Bytes travel as hexadecimal text, as in JSON. */
const hexOf = (bind: Bind): Scalar => (bind instanceof Uint8Array ? Buffer.from(bind).toString('hex') : scalarOf(bind))

const known = new WeakMap<Statement, readonly string[]>()

/** The text around its placeholders. A question mark inside quotes is none. */
export function piecesOf(statement: Statement): readonly string[] {
  let pieces = known.get(statement)
  if (pieces === undefined) {
    pieces = split(statement.text)
    known.set(statement, pieces)
  }
  return pieces
}

function split(text: string): readonly string[] {
  const pieces: string[] = []
  let from = 0
  for (const { 0: found, index } of text.matchAll(/`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'|\?/gs)) {
    if (found !== '?') continue
    pieces.push(text.slice(from, index))
    from = index + 1
  }
  pieces.push(text.slice(from))
  return pieces
}
