/** Random tables, and random requests to them as text: what properties.ts asks. */
import type { Rights } from 'dataferry/conformance'
import fc from 'fast-check'

// Values that would stand out in a statement: each has one of these marks.
export const marks = /zq|7000\d|8000\d|2031|9223372036854775|6000\d/
const values = {
  n: fc.constantFrom(70001, 70002, 70003, -70004, 70005),
  m: fc.constantFrom(70001, 70002, 70003, -70004, 70005),
  big: fc.constantFrom(9223372036854775807n, -9223372036854775807n, 9223372036854775806n, 70001n),
  s: fc.constantFrom(
    'zq',
    'zqa',
    'azq',
    "zq'b",
    'zq"',
    'zq\\',
    'zq%',
    'zq_a',
    'zq) or (1=1',
    ' zq',
    'zq ',
    'zqé',
    'zq😀',
    'zq--',
    '0zq',
  ),
  ok: fc.boolean(),
  p: fc.constantFrom(80001.125, 80001.5, -80002, 80003.001, 80001),
  f: fc.constantFrom(60001.5, -60001.25, 60002, 60003.125),
  d: fc.constantFrom('2031-01-01', '2031-02-28', '2031-12-31'),
} as const
type Field = keyof typeof values
const fields = Object.keys(values) as Field[]

const valueFields: { readonly [F in Field]: fc.Arbitrary<unknown> } = Object.fromEntries(
  fields.map((field) => [field, fc.option(values[field] as fc.Arbitrary<unknown>, { freq: 4 })]),
) as { readonly [F in Field]: fc.Arbitrary<unknown> }

type Drawn = { readonly [field: string]: unknown }
/** Rows of both tables. `parent`: the place of a row among those of `random`; beyond the last: none. */
export interface Rows {
  readonly random: readonly Drawn[]
  readonly child: readonly (Drawn & { readonly parent: number })[]
}
export const rowsOfTables: fc.Arbitrary<Rows> = fc.record({
  random: fc.array(fc.record(valueFields), { maxLength: 14 }),
  child: fc.array(fc.record({ ...valueFields, parent: fc.nat(16) }), { maxLength: 16 }),
})

const quoted = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
const literal = (field: Field): fc.Arbitrary<string> => (values[field] as fc.Arbitrary<unknown>).map(quoted)
const pattern = fc.oneof(values.s, fc.constantFrom('zq\\\\', 'zq\\%', 'zq\\_a', '\\z\\q')).map(quoted)
const operator = fc.constantFrom('=', '!=', '<', '<=', '>', '>=')
const equality = fc.constantFrom('=', '!=')
/** What an operator cannot order is only asked for equality. */
const operatorFor = (field: Field): fc.Arbitrary<string> => (field === 'ok' ? equality : operator)

const anyField = fc.constantFrom(...fields)

/** One condition on a field; `path` goes before its name. */
const predicateOf = (path: string): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: anyField.chain((field) =>
        fc.tuple(operatorFor(field), literal(field)).map(([op, value]) => `${path}${field} ${op} ${value}`),
      ),
    },
    { weight: 2, arbitrary: anyField.map((field) => `${path}${field} is null`) },
    { weight: 1, arbitrary: anyField.map((field) => `${path}${field} is not null`) },
    {
      weight: 2,
      arbitrary: anyField.chain((field) =>
        fc
          .tuple(fc.constantFrom('in', 'not in'), fc.array(literal(field), { minLength: 1, maxLength: 4 }))
          .map(([op, list]) => `${path}${field} ${op} (${list.join(', ')})`),
      ),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom<Field>('n', 'big', 's', 'p', 'f', 'd')
        .chain((field) =>
          fc
            .tuple(fc.constantFrom('between', 'not between'), literal(field), literal(field))
            .map(([op, low, high]) => `${path}${field} ${op} ${low} and ${high}`),
        ),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('like', 'not like', 'contains', 'starts with', 'ends with', 'not contains'), pattern)
        .map(([op, value]) => `${path}s ${op} ${value}`),
    },
  )
/** Between fields of one record. */
const computed = fc
  .tuple(operator, fc.constantFrom('m', 'm + 1', 'abs(m)', 'coalesce(m, 70001)', 'm * 2 - 70001'))
  .map(([op, expr]) => `n ${op} (${expr})`)

function treeOf(leaf: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { filter } = fc.letrec<{ filter: string }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 4, depthSize: 'medium' },
      { weight: 3, arbitrary: leaf },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom('and', 'or', 'xor'), fc.array(tie('filter'), { minLength: 2, maxLength: 3 }))
          .map(([op, of]) => of.map((each) => `(${each})`).join(` ${op} `)),
      },
      { weight: 1, arbitrary: tie('filter').map((of) => `not (${of})`) },
    ),
  }))
  return filter
}

type TableName = 'random' | 'child'
/** The relation from each table to the other. */
const relation: { readonly [T in TableName]: string } = { random: 'child_by_random_id', child: 'random_by_random_id' }
const other: { readonly [T in TableName]: TableName } = { random: 'child', child: 'random' }

const own = fc.oneof({ weight: 14, arbitrary: predicateOf('') }, { weight: 1, arbitrary: computed })
const filterOf: { readonly [T in TableName]: fc.Arbitrary<string> } = {
  random: treeOf(fc.oneof({ weight: 5, arbitrary: own }, { weight: 1, arbitrary: predicateOf(`${relation.random}.`) })),
  child: treeOf(fc.oneof({ weight: 4, arbitrary: own }, { weight: 2, arbitrary: predicateOf(`${relation.child}.`) })),
}
const filter = filterOf.random

const orderTerms = fc
  .array(fc.tuple(anyField, fc.constantFrom('asc', 'desc'), fc.constantFrom('nulls first', 'nulls last')), {
    maxLength: 2,
  })
  .map((terms) => terms.map((term) => term.join(' ')))
/** Ends in the key, so that it decides everything. */
const order = orderTerms.map((terms) => [...terms, 'id'].join(','))

const right: fc.Arbitrary<Rights[string]> = fc
  .tuple(
    fc.array(
      anyField.chain((field) =>
        fc.oneof(
          fc.tuple(operatorFor(field), literal(field)).map(([op, value]) => ({ name: field, operator: op, value })),
          fc.constantFrom(
            { name: field, operator: 'IS NULL', value: '' },
            { name: field, operator: 'IS NOT NULL', value: '' },
          ),
          fc
            .array(literal(field), { minLength: 1, maxLength: 3 })
            .map((list) => ({ name: field, operator: 'NOT IN', value: `(${list.join(',')})` })),
        ),
      ),
      { maxLength: 2 },
    ),
    fc.constantFrom<'AND' | 'OR'>('AND', 'OR'),
  )
  .map(([filters, filterOp]) => ({ filters, filterOp }))
/** null: an administrator asks. */
const rights: fc.Arbitrary<Rights | null> = fc.option(fc.record({ random: right, child: right }))

/** A request. */
export interface Asked {
  /** `pages`: page by page with cursors, to the end. */
  readonly kind: 'list' | 'pages'
  readonly table: TableName
  readonly query: { readonly [name: string]: string }
  readonly as: Rights | null
}

const page = fc.record({
  limit: fc.constantFrom('', '1', '3', '20'),
  offset: fc.constantFrom('', '0', '1', '4'),
  include_count: fc.constantFrom('', 'true'),
})
const list = fc.tuple(filter, order, page).map(([filter, order, page]) => ({ filter, order, ...page }))
const count = filter.map((filter) => ({ filter, count_only: 'true' }))
const grouped = fc
  .tuple(
    filter,
    fc.constantFrom<Field>('n', 'ok', 'd', 's'),
    fc.constantFrom('SUM(m)', 'MIN(p)', 'MAX(big)', 'COUNT(f)', 'MIN(d)', 'MAX(s)'),
  )
  .map(([filter, by, aggregate]) => ({
    filter,
    group: by,
    fields: `${by},COUNT(*),${aggregate}`,
    order: `${by} asc nulls first`,
  }))
/** Relations with options of their own, to a depth of two. */
const related = (table: TableName): fc.Arbitrary<Asked['query']> => {
  const name = relation[table]
  const options = fc.record({
    filter: filterOf[other[table]],
    order,
    limit: fc.constantFrom('', '1', '2'),
    offset: fc.constantFrom('', '1'),
  })
  return fc
    .tuple(filterOf[table], order, page, options, fc.boolean(), fc.nat(3))
    .map(([filter, order, page, own, deep, bare]) => ({
      filter,
      order,
      ...page,
      related: deep ? `${name}.${relation[other[table]]}` : name,
      // Of some requests only a part of the options.
      ...(bare === 0
        ? {}
        : Object.fromEntries(Object.entries(own).map(([option, value]) => [`${name}.${option}`, value]))),
    }))
}
const pages = (table: TableName): fc.Arbitrary<Asked['query']> =>
  fc
    .tuple(filterOf[table], orderTerms, fc.constantFrom('1', '2', '5'))
    .map(([filter, terms, limit]) => ({ filter, order: terms.join(','), limit }))

const of = (
  kind: Asked['kind'],
  table: TableName,
  query: fc.Arbitrary<{ readonly [name: string]: string }>,
): fc.Arbitrary<Asked> => fc.record({ kind: fc.constant(kind), table: fc.constant(table), query, as: rights })

export const asked: fc.Arbitrary<Asked> = fc.oneof(
  { weight: 8, arbitrary: of('list', 'random', list) },
  { weight: 1, arbitrary: of('list', 'random', count) },
  { weight: 2, arbitrary: of('list', 'random', grouped) },
  { weight: 3, arbitrary: of('list', 'random', related('random')) },
  { weight: 3, arbitrary: of('list', 'child', related('child')) },
  { weight: 1, arbitrary: of('pages', 'random', pages('random')) },
  { weight: 1, arbitrary: of('pages', 'child', pages('child')) },
)
