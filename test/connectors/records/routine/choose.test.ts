/** Which overload a call means, and what its values become (data-plane 7). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BadRequest, type Bind, Decimal, type Json } from 'dataferry/sdk'
import type { Given } from '../../../../connectors/records/routine/arguments.ts'
import { castArgument, chooseRoutine } from '../../../../connectors/records/routine/choose.ts'
import type { Routine, RoutineParameter } from '../../../../connectors/records/routine/types.ts'
import type { SimpleType } from '../exports.ts'

const parameter = (name: string, type: SimpleType, over: Partial<RoutineParameter> = {}): RoutineParameter => ({
  name,
  type,
  dbType: type,
  length: null,
  precision: null,
  scale: null,
  mode: 'IN',
  default: null,
  hasDefault: false,
  isVariadic: false,
  ...over,
})

const routine = (label: string, ...parameters: readonly RoutineParameter[]): Routine => ({
  kind: 'procedure',
  name: 'run',
  label,
  description: null,
  native: [],
  parameters,
  returnType: null,
  returnSchema: [],
})

const overloads = [
  routine('one integer', parameter('side', 'integer')),
  routine('two integers', parameter('width', 'integer'), parameter('height', 'integer')),
  routine('a number and a text', parameter('radius', 'decimal'), parameter('unit', 'string')),
  routine('one text', parameter('label', 'string')),
  routine(
    'two defaults',
    parameter('a', 'integer'),
    parameter('b', 'integer', { hasDefault: true }),
    parameter('c', 'string', { hasDefault: true }),
  ),
  routine(
    'many',
    parameter('first', 'integer'),
    parameter('more', 'string', { dbType: 'integer[]', isVariadic: true }),
  ),
]
const answering = routine(
  'answers',
  parameter('p', 'integer'),
  parameter('total', 'bigint', { mode: 'OUT' }),
  parameter('n', 'integer', { mode: 'INOUT' }),
)

interface Case {
  readonly name: string
  readonly of?: readonly Routine[]
  readonly positional?: readonly Json[]
  readonly named?: { readonly [name: string]: Json }
  /** The values come from a path. */
  readonly untyped?: true
  readonly label: string
  /** 'default': what the database has. */
  readonly values: readonly (Bind | 'default')[]
}

const cases: readonly Case[] = [
  { name: 'by name', named: { side: 3 }, label: 'one integer', values: [3] },
  { name: 'by two names', named: { width: 3, height: '4' }, label: 'two integers', values: [3, 4] },
  { name: 'by number', positional: [1, 2], label: 'two integers', values: [1, 2] },
  { name: 'by the kind of values', positional: ['x'], label: 'one text', values: ['x'] },
  { name: 'by the kind of two values', positional: [1.5, 'cm'], label: 'a number and a text', values: ['1.5', 'cm'] },
  { name: 'the one whose casts work', positional: ['2', '3.5'], label: 'a number and a text', values: ['2', '3.5'] },
  { name: 'a number of a path', positional: ['3'], untyped: true, label: 'one integer', values: [3] },
  { name: 'two numbers of a path', positional: ['3', '4'], untyped: true, label: 'two integers', values: [3, 4] },
  { name: 'a text of digits', positional: ['3'], label: 'one text', values: ['3'] },
  { name: 'defaults are left out', named: { a: 1 }, label: 'two defaults', values: [1, 'default', 'default'] },
  { name: 'a default before a value', named: { a: 1, c: 'x' }, label: 'two defaults', values: [1, 'default', 'x'] },
  { name: 'as many as are given', positional: [1, 2, 3, 4], label: 'many', values: [1, [2, 3, 4]] },
  { name: 'a list for as many as are given', named: { first: 1, more: [2, 3] }, label: 'many', values: [1, [2, 3]] },
  { name: 'unknown names are ignored', named: { side: 1, other: 2 }, label: 'one integer', values: [1] },
  { name: 'missing is null', of: [answering], label: 'answers', values: [null, 'default', null] },
  {
    name: 'a list of the values alone',
    of: [answering],
    positional: [1, 2],
    label: 'answers',
    values: [1, 'default', 2],
  },
  {
    name: 'a list of all parameters',
    of: [answering],
    positional: [1, null, 2],
    label: 'answers',
    values: [1, 'default', 2],
  },
]

describe('overloads', () => {
  for (const { name, of = overloads, positional = [], named = {}, untyped, label, values } of cases) {
    it(name, () => {
      const given: Given = { positional, named: new Map(Object.entries(named)), typed: untyped !== true }
      const chosen = chooseRoutine(of, given)
      assert.equal(chosen.routine.label, label)
      assert.deepEqual(
        chosen.values.map((each) => (each.kind === 'value' ? each.value : each.kind)),
        values,
      )
    })
  }
})

/** A RegExp: what the 400 says. */
const casts: readonly (readonly [value: Json, type: SimpleType, dbType: string, becomes: Bind | RegExp])[] = [
  ['21', 'integer', 'int', 21],
  [' 5 ', 'integer', 'int', 5],
  ['', 'integer', 'int', null],
  [null, 'integer', 'int', null],
  [true, 'integer', 'int', 1],
  ['abc', 'integer', 'int', /^Parameter 'p' must be a valid integer\.$/],
  ['1); select 1; --', 'integer', 'int', /^Parameter 'p' must be a valid integer\.$/],
  [1.5, 'integer', 'int', /^Parameter 'p' must be a valid integer\.$/],
  [18446744073709551615n, 'bigint', 'bigint', 18446744073709551615n],
  ['x', 'bigint', 'bigint', /valid integer/],
  [new Decimal('12345678901234567890.12'), 'decimal', 'decimal', '12345678901234567890.12'],
  ['1,5', 'decimal', 'decimal', /^Parameter 'p' must be a valid number\.$/],
  ['0.1', 'double', 'double', '0.1'],
  ['x', 'float', 'float', /valid number/],
  ['yes', 'boolean', 'boolean', true],
  ['yes', 'boolean', 'tinyint', 1],
  ['perhaps', 'boolean', 'boolean', /^Parameter 'p' /],
  [5, 'string', 'text', '5'],
  [{ a: [1] }, 'string', 'jsonb', '{"a":[1]}'],
  [[1, 2], 'string', 'integer[]', [1, 2]],
  ['{1,2}', 'string', 'integer[]', '{1,2}'],
  [[1], 'integer', 'integer', /^Parameter 'p' /],
  ['no base64!', 'binary', 'bytea', /^Parameter 'p' /],
]
describe('casts', () => {
  for (const [value, type, dbType, becomes] of casts) {
    it(`${JSON.stringify(String(value))} as ${dbType}`, () => {
      const cast = (): Bind => castArgument(value, parameter('p', type, { dbType }))
      if (!(becomes instanceof RegExp)) return assert.deepEqual(cast(), becomes)
      assert.throws(cast, (thrown: unknown) => {
        assert.ok(thrown instanceof BadRequest)
        assert.match(thrown.message, becomes)
        return true
      })
    })
  }
})
