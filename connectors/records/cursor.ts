/**
 * Keyset paging: a page begins behind the last row of the one before, by the values of its order and of its key, so that it costs the
 * same however far it is, and rows that come and go between two pages shift nothing. The token of a page holds those values and a seal
 * over them and over what they were made for; it carries no rights, since the values are compared with and nothing else.
 */
import { createHash } from 'node:crypto'
import { BadRequest, type Bind, Decimal, type Json, parseJson } from 'dataferry/sdk'
import { castToColumn, openStored } from './cast.ts'
import { type Column, nameOf, type SimpleType } from './catalog/types.ts'
import { castKind, type OrderAsked, type PlanExpr, type Predicate, resolveOrder, type Slot } from './filter/index.ts'
import { jsonText } from './json.ts'
import { Binds } from './plan/binds.ts'
import { keyOrder } from './plan/read.ts'
import type { OrderTerm, Projection } from './plan/types.ts'
import type { Row } from './store.ts'
import type { TableView } from './view.ts'

/** What a page by cursor is read by. */
export interface CursorPage {
  /** The client's order, and the key behind it. */
  readonly order: readonly OrderAsked[]
  /** The values of the order, read beside the fields. */
  readonly extra: (binds: Binds) => readonly Projection[]
  /** Behind the row of the token; null: from the beginning. */
  readonly where: ((binds: Binds) => Predicate) | null
  /** The same, of a source with an order of its own: the key of that row; null: `where` says it. */
  readonly after: ((binds: Binds) => readonly Slot[]) | null
  /** Takes those values out of a row; the token of the page behind it. */
  next(row: { [name: string]: Json }): string
  /** The row as it is shown. */
  bare(row: Row): { [name: string]: Json }
}

export interface CursorAsked {
  readonly view: TableView
  readonly columns: readonly Projection[]
  readonly order: readonly OrderAsked[]
  /** What was asked for, '' for the first page. */
  readonly cursor: string
  /** What the token is good for beside the table: the service, and the order as written. */
  readonly scope: string
  /** Where the source puts nulls in an order that does not say: before all values, or behind them. */
  readonly nulls: 'least' | 'greatest'
  /** Of a source with an order of its own: what else was asked for. Then its tokens are good for the same alone. */
  readonly natural?: string | undefined
}

/** Throws BadRequest for a table without a key, an order by what can't be compared, and a token that was not made for this list. */
export function cursorPage(asked: CursorAsked): CursorPage {
  const { view, cursor } = asked
  if (view.key.length === 0) throw new BadRequest("Paging by 'cursor' needs a table with a key.")
  const order = withKey(asked)
  const natural = asked.natural !== undefined && asked.order.length === 0
  const scope = `${asked.scope} ${view.table.schema ?? ''} ${view.table.name} ${view.key.map((column) => column.name).join()}${natural ? ` ${asked.natural}` : ''}`
  const terms = (binds: Binds): readonly Term[] => termsOf(asked, order, binds)
  const values = cursor === '' ? null : readToken(cursor, scope, order.length)
  return {
    order: natural ? [] : order,
    extra: (binds) => terms(binds).map(projectionOf),
    where: values === null || natural ? null : (binds) => behind(terms(binds), values, binds),
    after: values === null || !natural ? null : (binds) => values.map((value) => binds.add(openStored(value))),
    next: (row) =>
      writeToken(
        order.map((_, index) => row[nameAt(index)] ?? null),
        scope,
      ),
    bare: (row) => {
      const bare: { [name: string]: Json } = { ...row }
      for (const index of order.keys()) delete bare[nameAt(index)]
      return bare
    },
  }
}

const nameAt = (index: number): string => `#o${index}`

/** One term of the order, resolved. */
interface Term {
  /** What is read and compared. */
  readonly expr: PlanExpr
  /** How its values are printed and bound. */
  readonly type: SimpleType
  /** The column, where it is nothing else. */
  readonly column: Column | null
  readonly descending: boolean
  readonly nullsFirst: boolean
  /** It has a value in every row. */
  readonly filled: boolean
}

/** The key behind the client's order makes it one of single rows. */
function withKey({ view, order, columns }: CursorAsked): readonly OrderAsked[] {
  const terms = resolveOrder(order, view.scope(new Binds()), columns.length)
  const there = new Set(terms.map((term) => columnOf(exprOf(term, columns))))
  return [...order, ...keyOrder(view.key.filter((column) => !there.has(column)))]
}

function termsOf({ view, columns, nulls }: CursorAsked, order: readonly OrderAsked[], binds: Binds): readonly Term[] {
  return resolveOrder(order, view.scope(binds), columns.length).map((term) => {
    const written = exprOf(term, columns)
    const column = columnOf(written)
    const common = {
      descending: term.descending,
      nullsFirst: term.nulls === null ? (nulls === 'least') !== term.descending : term.nulls === 'first',
      filled: column !== null && !column.allowNull,
    }
    if (column === null) return { ...common, expr: written, type: typeOf(written), column }
    const number = numberBehind(column)
    if (number === null) return { ...common, expr: written, type: column.type, column }
    const zero = { kind: 'value', value: binds.add(0) } as const
    return { ...common, expr: { kind: 'arithmetic', op: '+', left: written, right: zero }, type: number, column: null }
  })
}

function exprOf({ expr }: OrderTerm, columns: readonly Projection[]): PlanExpr {
  if (expr.kind === 'related') throw noOrder('a field of a related record')
  if (expr.kind !== 'output') return expr
  const projection = columns[expr.index]
  if (!projection || projection.through === true || projection.expr.kind === 'aggregate') throw noOrder(expr.index + 1)
  return projection.expr
}

const columnOf = (expr: PlanExpr): Column | null => (expr.kind === 'column' ? expr.column : null)

const noOrder = (what: string | number): BadRequest =>
  new BadRequest(`Paging by 'cursor' is not possible in the order of '${what}'.`)

const incomparable: ReadonlySet<string> = new Set(['json', 'jsonb', 'xml', 'geometry', 'object'])

/**
 * What the value of a column is by number, where its text is not what it is ordered by: floats of 32 bits are printed shorter than they
 * are, and the members of an enumeration are ordered by their place.
 */
function numberBehind(column: Column): SimpleType | null {
  const { type, dbType } = column
  if (column.open === true) return null
  if (incomparable.has(type) || incomparable.has(dbType.toLowerCase())) throw noOrder(nameOf(column))
  if (type === 'float') return 'double'
  return /^(?:enum|set)\(/i.test(dbType) ? 'integer' : null
}

const textCalls: ReadonlySet<string> = new Set(['lower', 'upper', 'trim', 'now'])

/** How the values of an expression are printed, so that they can be read back. */
function typeOf(expr: PlanExpr): SimpleType {
  if (expr.kind === 'column') return expr.column.type
  if (expr.kind !== 'call') return 'decimal'
  if (expr.name === 'coalesce') return expr.args[0] ? typeOf(expr.args[0]) : 'text'
  return textCalls.has(expr.name) || expr.name.startsWith('current_') ? 'text' : 'decimal'
}

const projectionOf = ({ expr, type, column }: Term, index: number): Projection => ({
  as: nameAt(index),
  expr,
  type,
  column,
  hidden: false,
  ...(isNumber(type) && { lossless: true }),
})

const numbers: ReadonlySet<ReturnType<typeof castKind>> = new Set(['integer', 'bigint', 'decimal', 'float'])
const isNumber = (type: SimpleType): boolean => numbers.has(castKind(type))

// ---- the condition

/** Rows that come behind the one with these values. */
function behind(terms: readonly Term[], values: readonly Json[], binds: Binds): Predicate {
  const same: Predicate[] = []
  const of: Predicate[] = []
  let first: Predicate | null = null
  for (const [index, term] of terms.entries()) {
    const value = bindOf(term, values[index] ?? null)
    const right: PlanExpr | null = value === null ? null : { kind: 'value', value: binds.add(value) }
    const later = behindIn(term, right)
    if (later) of.push(all([...same, later]))
    same.push(right === null ? isNull(term) : { kind: 'compare', op: '=', left: term.expr, right, ...storedIn(term) })
    if (index === 0 && terms.length > 1) first = bound(term, right)
  }
  const any: Predicate = of.length === 1 && of[0] ? of[0] : { kind: 'or', of }
  return first === null ? any : { kind: 'and', of: [first, any] }
}

const all = (of: readonly Predicate[]): Predicate => (of.length === 1 && of[0] ? of[0] : { kind: 'and', of })
const isNull = ({ expr }: Term): Predicate => ({ kind: 'null', left: expr })

/** null: nothing is behind it in this term. */
function behindIn(term: Term, right: PlanExpr | null): Predicate | null {
  const { expr, descending, nullsFirst, filled } = term
  const stored = storedIn(term)
  if (right === null) return nullsFirst ? { kind: 'not', of: isNull(term) } : null
  const later: Predicate = { kind: 'compare', op: descending ? '<' : '>', left: expr, right, ...stored }
  return filled || nullsFirst ? later : { kind: 'or', of: [later, isNull(term)] }
}

/** Says nothing new, but lets an index of the first term find the place. */
function bound(term: Term, right: PlanExpr | null): Predicate | null {
  const { expr, descending, nullsFirst, filled } = term
  if (right === null || !(filled || nullsFirst)) return null
  return { kind: 'compare', op: descending ? '<=' : '>=', left: expr, right, ...storedIn(term) }
}

const storedIn = ({ column }: Term): { readonly stored?: true } => (column?.open === true ? { stored: true } : {})

function bindOf({ column, type }: Term, value: Json): Bind {
  if (value === null) return null
  if (column?.open === true) return openStored(value)
  if (isNumber(type)) {
    // NaN and the infinities, as a lossless projection tells them.
    if (Array.isArray(value)) return Number(value[0])
    // A text in a column of numbers, which SQLite may hold.
    if (typeof value === 'string') return value
  }
  if (column !== null) return castToColumn(value, column)
  if (value instanceof Decimal) return castKind(type) === 'float' ? Number(value.digits) : value.digits
  if (typeof value === 'object') throw wrongToken()
  return value
}

// ---- the token

const sealLength = 16

const wrongToken = (): BadRequest =>
  new BadRequest(
    "The 'cursor' is damaged, or was made for another table or order. Begin again with 'cursor=*' and take 'meta.next_cursor' as it is.",
  )

const sealOf = (payload: string, scope: string): string =>
  createHash('sha256').update(scope).update('\0').update(payload).digest('base64url').slice(0, sealLength)

function writeToken(values: readonly Json[], scope: string): string {
  const payload = Buffer.from(jsonText(values), 'utf8').toString('base64url')
  return `${payload}${sealOf(payload, scope)}`
}

function readToken(token: string, scope: string, terms: number): readonly Json[] {
  const payload = token.slice(0, -sealLength)
  if (!/^[\w-]+$/.test(token) || payload === '' || sealOf(payload, scope) !== token.slice(-sealLength))
    throw wrongToken()
  const values = parseJson(Buffer.from(payload, 'base64url').toString('utf8'))
  if (!Array.isArray(values) || values.length !== terms) throw wrongToken()
  return values
}
