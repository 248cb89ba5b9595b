/** The body that a call answers, for each case of data-plane 7. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Decimal, type Json } from 'dataferry/sdk'
import { castTo, type ResultOptions, resultBody } from '../../../../connectors/records/routine/result.ts'
import type { Routine, RoutineKind, RoutineResult } from '../../../../connectors/records/routine/types.ts'

const routine = (kind: RoutineKind): Routine => ({
  kind,
  name: 'hr.run',
  label: 'Run',
  description: null,
  native: [],
  parameters: [],
  returnType: null,
  returnSchema: [],
})

const two = [{ id: 1 }, { id: 2 }]

interface Case {
  readonly name: string
  readonly kind?: RoutineKind
  readonly sets: RoutineResult['sets']
  readonly out?: RoutineResult['out']
  readonly options?: Partial<ResultOptions>
  readonly body: Json
}

const cases: readonly Case[] = [
  { name: 'one set', sets: [two], body: two },
  { name: 'one row is a list of one', sets: [[{ id: 1 }]], body: [{ id: 1 }] },
  { name: 'one set under a wrapper', sets: [two], options: { wrapper: 'rows' }, body: { rows: two } },
  { name: 'several sets', sets: [two, [{ a: 'x' }]], body: [two, [{ a: 'x' }]] },
  { name: 'empty sets are dropped', sets: [[], two, []], body: two },
  { name: 'nothing', sets: [], body: [] },
  { name: 'OUT alone', sets: [], out: { n: 42, m: null }, body: { n: 42, m: null } },
  { name: 'OUT and rows', sets: [two], out: { n: 42 }, body: { resource: two, n: 42 } },
  {
    name: 'OUT and rows under a wrapper',
    sets: [two],
    out: { n: 42 },
    options: { wrapper: 'rows' },
    body: { rows: two, n: 42 },
  },
  { name: 'a row named like an OUT parameter', sets: [[{ n: 7 }]], out: { n: null, m: 1 }, body: { n: 7, m: 1 } },
  {
    name: 'two rows named like it stay',
    sets: [[{ n: 7 }, { n: 8 }]],
    out: { n: 1 },
    body: { resource: [{ n: 7 }, { n: 8 }], n: 1 },
  },
  { name: 'returns', sets: [[{ a: '12', b: 1 }]], options: { returns: 'integer' }, body: 12 },
  {
    name: 'a schema',
    sets: [[{ id: 1, n: '7' }]],
    options: { schema: { id: 'string', n: 'integer' } },
    body: [{ id: '1', n: 7 }],
  },
  {
    name: 'a schema casts OUT values',
    sets: [],
    out: { n: 42 },
    options: { schema: { n: 'string' } },
    body: { n: '42' },
  },
  { name: 'a value in a column called as the function', kind: 'function', sets: [[{ run: 42 }]], body: 42 },
  { name: 'a value in a column called output', kind: 'function', sets: [[{ output: 'x' }]], body: 'x' },
  { name: 'a null', kind: 'function', sets: [[{ run: null }]], body: null },
  { name: 'one other row is an object', kind: 'function', sets: [[{ id: 1, name: 'x' }]], body: { id: 1, name: 'x' } },
  { name: 'one other column is an object', kind: 'function', sets: [[{ id: 1 }]], body: { id: 1 } },
  { name: 'several rows', kind: 'function', sets: [two], body: two },
  { name: 'no rows', kind: 'function', sets: [[]], body: [] },
  { name: 'a function has no wrapper', kind: 'function', sets: [two], options: { wrapper: 'w' }, body: two },
  {
    name: 'returns of a function',
    kind: 'function',
    sets: [[{ run: 42 }]],
    options: { returns: 'string' },
    body: '42',
  },
]

describe('results', () => {
  for (const { name, kind = 'procedure', sets, out = null, options = {}, body } of cases) {
    it(name, () => {
      const asked = { wrapper: null, returns: null, schema: null, ...options }
      const made = resultBody(routine(kind), { sets, out }, asked)
      assert.deepEqual(JSON.parse(JSON.stringify(made)), body)
    })
  }
})

const casts: readonly (readonly [value: Json, type: string, becomes: Json])[] = [
  ['12.9', 'integer', 12],
  ['-12.9', 'INTEGER', -12],
  ['abc', 'integer', 0],
  [true, 'integer', 1],
  [9007199254740993n, 'integer', 9007199254740993n],
  ['+1.50', 'float', 1.5],
  ['x', 'float', 0],
  [new Decimal('0.12345678901234567890'), 'decimal', new Decimal('0.12345678901234567890')],
  ['on', 'boolean', true],
  ['perhaps', 'boolean', false],
  [2, 'boolean', true],
  [0, 'boolean', false],
  [1.5, 'string', '1.5'],
  [true, 'string', '1'],
  [new Decimal('1.0'), 'string', '1.0'],
  [null, 'string', null],
  ['2024-01-02', 'date', '2024-01-02'],
  ['{"a":1}', 'json', '{"a":1}'],
  ['x', 'what is this', 'x'],
]
describe('casts of results', () => {
  for (const [value, type, becomes] of casts) {
    it(`${String(value)} as ${type}`, () => assert.deepEqual(castTo(value, type), becomes))
  }
})
