/** POST, PUT, PATCH and DELETE on records, over the store in memory (data-plane 3.6 to 3.12). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, Verb } from 'dataferry/sdk'
import { ApiError } from 'dataferry/sdk'
import { type Asked, Company, plain, type Rights } from './company.ts'
import type { Row } from './exports.ts'

interface Case extends Asked {
  readonly name: string
  readonly verb: Verb
  readonly rights?: Rights
  readonly config?: { readonly allow_upsert?: boolean; readonly max_records?: number }
  readonly status?: number
  readonly shows?: Json
  readonly fails?: readonly [status: number, message: string]
  readonly context?: Json
  /** What a table holds afterwards, rows or a column of them. */
  readonly leaves?: { readonly [table: string]: Json }
}

const list = (...rows: Json[]): Json => ({ resource: rows })
const fault = (code: number, message: string): Json => ({ code, context: null, message, status_code: code })
const notFound = (id: string): Json => fault(404, `Record with identifier '${id}' not found.`)
const batch = (verb: string, undone = false): [number, string] => [
  400,
  `Batch Error: Not all requested records could be ${verb}.${undone ? ' All changes rolled back.' : ''}`,
]
const noRecords =
  'No record(s) detected in request. Please make sure record(s) are wrapped in a \'resource\' tag. Example: {"resource":[{"record":1},{"record":2}]}'

const names = (rows: readonly Row[]): Json => rows.map((row) => row.name ?? row.dept_name ?? row.b ?? null)

function run(title: string, cases: readonly Case[]): void {
  // Once where statements answer rows, once where the engine must read them again.
  for (const returning of [true, false]) {
    describe(`${title}${returning ? '' : ', without RETURNING'}`, () => {
      for (const each of cases) it(each.name, () => check(each, returning))
    })
  }
}

async function check(each: Case, returning: boolean): Promise<void> {
  const { name: _, rights, config, status, shows, fails, context, leaves, ...asked } = each
  const company = new Company({ rights: rights ?? null, can: { returning }, ...(config ? { config } : {}) })
  if (fails) {
    await assert.rejects(company.ask(asked), (error: unknown) => {
      assert.ok(error instanceof ApiError, String((error as Error).stack))
      assert.deepEqual([error.status, error.message], fails)
      if (context !== undefined) assert.deepEqual(plain(error.context), context)
      return true
    })
  } else {
    assert.deepEqual(await company.ask(asked), { status: status ?? (each.verb === 'POST' ? 201 : 200), body: shows })
  }
  for (const [table, expected] of Object.entries(leaves ?? {})) {
    const rows = company.store.rowsOf(table)
    const isNames = Array.isArray(expected) && expected.every((value) => typeof value !== 'object' || value === null)
    assert.deepEqual(plain(isNames ? names(rows) : rows), expected)
  }
}

run('create', [
  { name: 'one', verb: 'POST', path: '_table/supplies', body: { resource: [{ name: 'Mop' }] }, shows: list({ id: 4 }) },
  {
    name: 'a wrapped object',
    verb: 'POST',
    path: '_table/supplies',
    body: { resource: { name: 'Mop' } },
    shows: list({ id: 4 }),
  },
  {
    name: 'several, a bare list',
    verb: 'POST',
    path: '_table/supplies',
    body: [{ name: 'A' }, { name: 'B' }],
    shows: list({ id: 4 }, { id: 5 }),
  },
  {
    name: 'fields, in the order of the request',
    verb: 'POST',
    path: '_table/supplies?fields=*',
    body: [
      { id: 9, NAME: 'A' },
      { id: 8, name: 'B', nope: 1 },
    ],
    shows: list({ id: 9, name: 'A' }, { id: 8, name: 'B' }),
  },
  {
    name: 'fields without the key',
    verb: 'POST',
    path: '_table/supplies?fields=name',
    body: [{ name: 'A' }],
    shows: list({ name: 'A' }),
  },
  {
    name: 'related',
    verb: 'POST',
    path: '_table/supplies?related=locations_by_supply_id',
    body: [{ name: 'A' }],
    shows: list({ id: 4, locations_by_supply_id: [] }),
  },
  {
    name: 'an unknown field is found before',
    verb: 'POST',
    path: '_table/supplies?fields=nope',
    body: [{ name: 'A' }],
    fails: [400, 'Invalid field requested: nope'],
    leaves: { supplies: ['Stapler', 'Broom', 'Whiteboard'] },
  },
  {
    name: 'by id',
    verb: 'POST',
    path: '_table/supplies/7',
    body: { name: 'A' },
    fails: [400, 'Create record by identifier not currently supported.'],
  },
  { name: 'a bare object', verb: 'POST', path: '_table/supplies', body: { name: 'A' }, fails: [400, noRecords] },
  { name: 'an empty list', verb: 'POST', path: '_table/supplies', body: { resource: [] }, fails: [400, noRecords] },
  { name: 'null', verb: 'POST', path: '_table/supplies', body: null, fails: [400, noRecords] },
  {
    name: 'nothing, where lists are bare',
    verb: 'POST',
    path: '_table/supplies',
    output: { wrapper: null },
    fails: [400, 'No record(s) detected in request.'],
  },
  {
    name: 'a text',
    verb: 'POST',
    path: '_table/supplies',
    body: 'str',
    fails: [400, 'The request contains no valid record sets.'],
  },
  {
    name: 'no table',
    verb: 'POST',
    path: '_table',
    body: [{}],
    fails: [400, "POST requests without a resource are not currently supported by the '_table' service."],
  },
  {
    name: 'nothing usable',
    verb: 'POST',
    path: '_table/supplies',
    body: [{ nope: 1 }],
    fails: batch('created'),
    context: { error: [0], resource: [fault(400, 'No valid fields were found in record.')] },
  },
  {
    name: 'no record at all in the list',
    verb: 'POST',
    path: '_table/departments?continue=true',
    body: [1, null, [{ dept_no: 'x' }]],
    fails: batch('created'),
    context: {
      error: [0, 1, 2],
      resource: [0, 1, 2].map((at) => fault(400, `Required id field(s) not found in record ${at}: dept_no`)),
    },
  },
  {
    name: 'a required field is absent',
    verb: 'POST',
    path: '_table/departments',
    body: [{ dept_no: 'd9' }],
    fails: batch('created'),
    context: { error: [0], resource: [fault(400, "Required field 'dept_name' can not be NULL.")] },
  },
  {
    name: 'a required field is null',
    verb: 'POST',
    path: '_table/departments',
    body: [{ dept_no: 'd9', dept_name: null }],
    fails: batch('created'),
    context: { error: [0], resource: [fault(400, "Field 'dept_name' can not be NULL.")] },
  },
  {
    name: 'a composite key',
    verb: 'POST',
    path: '_table/dept_emp',
    body: [{ emp_no: '4', dept_no: 'd001' }],
    shows: list({ emp_no: 4, dept_no: 'd001' }),
  },
  {
    name: 'a table without a key answers the row',
    verb: 'POST',
    path: '_table/no_pk',
    body: [{ a: 9, b: 'nine' }],
    shows: list({ a: 9, b: 'nine' }),
  },
  {
    name: 'as_list',
    verb: 'POST',
    path: '_table/supplies?as_list=true&fields=*',
    body: [{ name: 'A' }],
    shows: list('A'),
  },
  {
    name: 'a lookup in a value',
    verb: 'POST',
    path: '_table/supplies?fields=name',
    body: [{ name: 'by {strtoupper(user.email)}' }],
    shows: list({ name: 'by ANN@EXAMPLE.ORG' }),
  },
  {
    name: 'an expression',
    verb: 'POST',
    path: '_table/supplies?fields=name',
    body: [{ name: { expression: "upper('abc')" } }],
    shows: list({ name: 'ABC' }),
  },
  {
    name: 'an expression as an object',
    verb: 'POST',
    path: '_table/supplies?fields=name',
    body: [{ name: { expression: { value: 'NULL' } } }],
    shows: list({ name: null }),
  },
  {
    name: 'an expression that is not allowed',
    verb: 'POST',
    path: '_table/supplies',
    body: [{ name: { expression: '(select 1)' } }],
    fails: batch('created'),
    context: { error: [0], resource: [fault(400, "SQL expression '(select 1)' is not permitted.")] },
  },
])

const halves = [
  { dept_no: 'x1', dept_name: 'X1' },
  { dept_no: 'x2', dept_name: 'Sales' },
  { dept_no: 'x3', dept_name: 'X3' },
]
const duplicate = fault(400, "Duplicate value for field 'dept_name'.")
const before = ['Marketing', 'Finance', 'Sales']

run('batch modes of create', [
  {
    name: 'halt keeps what came before',
    verb: 'POST',
    path: '_table/departments?fields=*',
    body: halves,
    fails: batch('created'),
    context: { error: [1], resource: [{ dept_no: 'x1' }, duplicate] },
    leaves: { departments: [...before, 'X1'] },
  },
  {
    name: 'continue keeps the rest too',
    verb: 'POST',
    path: '_table/departments?continue=true',
    body: halves,
    fails: batch('created'),
    context: { error: [1], resource: [{ dept_no: 'x1' }, duplicate, { dept_no: 'x3' }] },
    leaves: { departments: [...before, 'X1', 'X3'] },
  },
  {
    name: 'rollback keeps nothing',
    verb: 'POST',
    path: '_table/departments?rollback=true',
    body: halves,
    fails: batch('created', true),
    context: { error: [1], resource: [{ dept_no: 'x1' }, duplicate] },
    leaves: { departments: before },
  },
  {
    name: 'rollback keeps nothing where a record can not be tried',
    verb: 'POST',
    path: '_table/departments?rollback=true',
    body: [halves[0] ?? {}, { dept_no: 'x2' }],
    fails: batch('created', true),
    context: { error: [1], resource: [{ dept_no: 'x1' }, fault(400, "Required field 'dept_name' can not be NULL.")] },
    leaves: { departments: before },
  },
  {
    name: 'halt before a record that can not be tried',
    verb: 'POST',
    path: '_table/departments',
    body: [halves[0] ?? {}, { dept_no: 'x2' }, halves[2] ?? {}],
    fails: batch('created'),
    leaves: { departments: [...before, 'X1'] },
  },
  {
    name: 'rollback in the payload',
    verb: 'POST',
    path: '_table/departments',
    body: { rollback: true, resource: halves },
    fails: batch('created', true),
    leaves: { departments: before },
  },
  {
    name: 'both',
    verb: 'POST',
    path: '_table/departments?continue=true&rollback=true',
    body: halves,
    fails: [400, 'Rollback and continue operations can not be requested at the same time.'],
    leaves: { departments: before },
  },
])

run('update', [
  {
    name: 'by id',
    verb: 'PATCH',
    path: '_table/supplies/2',
    body: { name: 'Mop' },
    shows: { id: 2 },
    leaves: { supplies: ['Stapler', 'Mop', 'Whiteboard'] },
  },
  {
    name: 'PUT leaves what is not sent',
    verb: 'PUT',
    path: '_table/employees/1?fields=*',
    body: { last_name: 'X' },
    shows: { emp_no: 1, last_name: 'X', gender: 'F', salary: 100.5, hired: '1990-06-20' },
  },
  {
    name: 'by id with related',
    verb: 'PATCH',
    path: '_table/supplies/3?related=*&fields=name',
    body: { name: 'Mop' },
    shows: { name: 'Mop', id: 3, locations_by_supply_id: [] },
  },
  {
    name: 'by id, wrapped',
    verb: 'PATCH',
    path: '_table/supplies/2',
    body: { resource: [{ name: 'Mop' }] },
    shows: { id: 2 },
    leaves: { supplies: ['Stapler', 'Mop', 'Whiteboard'] },
  },
  {
    name: 'by id, several',
    verb: 'PATCH',
    path: '_table/supplies/2',
    body: [{ name: 'A' }, { name: 'B' }],
    fails: [400, 'Only one record can be sent with an identifier.'],
  },
  {
    name: 'by id, nothing',
    verb: 'PATCH',
    path: '_table/supplies/2',
    fails: [400, 'The request contains no valid record fields.'],
  },
  {
    name: 'by id, an empty object',
    verb: 'PUT',
    path: '_table/supplies/2',
    body: {},
    fails: [400, 'The request contains no valid record fields.'],
  },
  {
    name: 'unknown fields only',
    verb: 'PATCH',
    path: '_table/supplies/2?fields=*',
    body: { nope: 1 },
    shows: { id: 2, name: 'Broom' },
  },
  {
    name: 'unknown fields only, missing',
    verb: 'PATCH',
    path: '_table/supplies/99',
    body: { nope: 1 },
    fails: [404, "Record with identifier '99' not found."],
  },
  {
    name: 'missing',
    verb: 'PATCH',
    path: '_table/supplies/99',
    body: { name: 'x' },
    fails: [404, "Record with identifier '99' not found."],
  },
  {
    name: 'no integer',
    verb: 'PATCH',
    path: '_table/supplies/abc',
    body: { name: 'x' },
    fails: [400, "Field 'id' must be a valid integer."],
  },
  {
    name: 'the key stays',
    verb: 'PUT',
    path: '_table/departments/d001?fields=*',
    body: { dept_no: 'd9', dept_name: 'Moved' },
    shows: { dept_no: 'd001', dept_name: 'Moved' },
  },
  {
    name: 'null in a required field',
    verb: 'PATCH',
    path: '_table/departments/d001',
    body: { dept_name: null },
    fails: [400, "Field 'dept_name' can not be NULL."],
  },
  {
    name: 'a duplicate by id is the fault itself',
    verb: 'PATCH',
    path: '_table/departments/d001',
    body: { dept_name: 'Sales' },
    fails: [400, "Duplicate value for field 'dept_name'."],
  },
  {
    name: 'an expression over a field',
    verb: 'PATCH',
    path: '_table/supplies/2?fields=name',
    body: { name: { expression: 'upper(name)' } },
    shows: { name: 'BROOM' },
  },
  {
    name: 'id_field',
    verb: 'PATCH',
    path: '_table/employees/M?id_field=gender&fields=emp_no',
    body: { hired: '2000-01-01' },
    shows: { emp_no: 2 },
  },
  {
    name: 'a composite key',
    verb: 'PATCH',
    path: '_table/dept_emp/(1,d001)?fields=since',
    body: { since: '2000-01-01' },
    shows: { since: '2000-01-01' },
  },
  {
    name: 'options named like members of a bare record are none',
    verb: 'PATCH',
    path: '_table/supplies/2',
    body: { name: 'Mop', fields: '*', filter: { a: 1 } },
    shows: { id: 2 },
  },
  {
    name: 'records',
    verb: 'PATCH',
    path: '_table/supplies?fields=*',
    body: {
      resource: [
        { id: 2, name: 'B' },
        { id: 1, name: 'A' },
      ],
    },
    shows: list({ id: 2, name: 'B' }, { id: 1, name: 'A' }),
  },
  {
    name: 'records of several forms',
    verb: 'PATCH',
    path: '_table/employees',
    body: [
      { emp_no: 1, last_name: 'A' },
      { emp_no: 2, hired: null },
      { emp_no: 3, last_name: 'C' },
    ],
    shows: list({ emp_no: 1 }, { emp_no: 2 }, { emp_no: 3 }),
  },
  { name: 'a bare object', verb: 'PATCH', path: '_table/supplies?ids=1', body: { name: 'x' }, fails: [400, noRecords] },
  {
    name: 'ids',
    verb: 'PUT',
    path: '_table/supplies?ids=2,1&fields=*',
    body: [{ name: 'x' }, { name: 'y' }],
    shows: list({ id: 2, name: 'x' }, { id: 1, name: 'x' }),
  },
  {
    name: 'ids in the payload',
    verb: 'PUT',
    path: '_table/supplies',
    body: { ids: [2], resource: [{ name: 'x' }] },
    shows: list({ id: 2 }),
    leaves: { supplies: ['Stapler', 'x', 'Whiteboard'] },
  },
  {
    name: 'no key',
    verb: 'PATCH',
    path: '_table/no_pk?ids=1',
    body: [{ b: 'x' }],
    fails: [500, 'Identifying field(s) could not be determined.'],
  },
  {
    name: 'a filter',
    verb: 'PATCH',
    path: '_table/supplies?filter=id < 3&fields=*',
    body: [{ name: 'x' }],
    shows: list({ id: 1, name: 'x' }, { id: 2, name: 'x' }),
  },
  {
    name: 'a filter that the update leaves',
    verb: 'PATCH',
    path: "_table/supplies?filter=name = 'Broom'&fields=*",
    body: [{ name: 'x' }],
    shows: list({ id: 2, name: 'x' }),
  },
  {
    name: 'a filter that meets nothing',
    verb: 'PATCH',
    path: '_table/supplies?filter=id = 99',
    body: [{ name: 'x' }],
    shows: list(),
  },
  {
    name: 'a filter and nothing to set',
    verb: 'PATCH',
    path: '_table/supplies?filter=id = 2',
    body: [{ nope: 1 }],
    shows: list({ id: 2 }),
  },
  {
    name: 'a filter that is an object',
    verb: 'PATCH',
    path: '_table/supplies',
    body: { filter: { id: 1 }, resource: [{ name: 'x' }] },
    fails: [400, 'Invalid or unparsable filter request.'],
    leaves: { supplies: ['Stapler', 'Broom', 'Whiteboard'] },
  },
  {
    name: 'an unparsable filter',
    verb: 'PATCH',
    path: '_table/supplies?filter=nope = 1',
    body: [{ name: 'x' }],
    fails: [400, "Invalid or unparsable field in filter request: 'nope'"],
  },
  {
    name: 'a filter on a table without a key',
    verb: 'PATCH',
    path: '_table/no_pk?filter=a = 1&fields=b',
    body: [{ a: 1, b: 'x' }],
    shows: list({ b: 'x' }),
  },
])

const three = [
  { id: 1, name: 'a' },
  { id: 9, name: 'b' },
  { id: 2, name: 'c' },
]

run('batch modes of update and delete', [
  {
    name: 'a missing record halts',
    verb: 'PATCH',
    path: '_table/supplies?fields=*',
    body: three,
    fails: batch('updated'),
    context: { error: [1], resource: [{ id: 1 }, notFound('9')] },
    leaves: { supplies: ['a', 'Broom', 'Whiteboard'] },
  },
  {
    name: 'continue',
    verb: 'PATCH',
    path: '_table/supplies?continue=true',
    body: three,
    fails: batch('updated'),
    context: { error: [1], resource: [{ id: 1 }, notFound('9'), { id: 2 }] },
    leaves: { supplies: ['a', 'c', 'Whiteboard'] },
  },
  {
    name: 'rollback',
    verb: 'PUT',
    path: '_table/supplies?rollback=true',
    body: three,
    fails: batch('updated', true),
    context: { error: [1], resource: [{ id: 1 }, notFound('9')] },
    leaves: { supplies: ['Stapler', 'Broom', 'Whiteboard'] },
  },
  {
    name: 'a record without its key',
    verb: 'PATCH',
    path: '_table/supplies',
    body: [{ id: 1, name: 'a' }, { name: 'b' }],
    fails: batch('updated'),
    context: { error: [1], resource: [{ id: 1 }, fault(400, 'Required id field(s) not found in record 1: id')] },
    leaves: { supplies: ['a', 'Broom', 'Whiteboard'] },
  },
  {
    name: 'a missing record halts a delete, which shows the fields',
    verb: 'DELETE',
    path: '_table/supplies?ids=3,9,2&fields=*',
    fails: batch('deleted'),
    context: { error: [1], resource: [{ id: 3, name: 'Whiteboard' }, notFound('9')] },
    leaves: { supplies: ['Stapler', 'Broom'] },
  },
  {
    name: 'continue deletes the rest',
    verb: 'DELETE',
    path: '_table/supplies?ids=3,9,2&continue=true',
    fails: batch('deleted'),
    context: { error: [1], resource: [{ id: 3 }, notFound('9'), { id: 2 }] },
    leaves: { supplies: ['Stapler'] },
  },
  {
    name: 'rollback deletes nothing',
    verb: 'DELETE',
    path: '_table/supplies?ids=3,9&rollback=true',
    fails: batch('deleted', true),
    leaves: { supplies: ['Stapler', 'Broom', 'Whiteboard'] },
  },
])

run('delete', [
  {
    name: 'by id',
    verb: 'DELETE',
    path: '_table/supplies/3',
    shows: { id: 3 },
    leaves: { supplies: ['Stapler', 'Broom'] },
  },
  {
    name: 'by id with the row',
    verb: 'DELETE',
    path: '_table/supplies/3?fields=*',
    shows: { id: 3, name: 'Whiteboard' },
  },
  {
    name: 'by id with related rows',
    verb: 'DELETE',
    path: '_table/supplies/2?related=*&fields=name',
    shows: { name: 'Broom', id: 2, locations_by_supply_id: [{ id: 3, supply_id: 2, name: 'Broom Closet' }] },
  },
  {
    name: 'missing',
    verb: 'DELETE',
    path: '_table/supplies/99?fields=*',
    fails: [404, "Record with identifier '99' not found."],
  },
  {
    name: 'no key',
    verb: 'DELETE',
    path: '_table/no_pk/1',
    fails: [500, 'Identifying field(s) could not be determined.'],
  },
  {
    name: 'id_field deletes all that have it',
    verb: 'DELETE',
    path: '_table/no_pk/2?id_field=a&fields=*',
    shows: { a: 2, b: 'two' },
    leaves: { no_pk: ['one'] },
  },
  {
    name: 'ids',
    verb: 'DELETE',
    path: '_table/supplies?ids=3,1&fields=name',
    shows: list({ name: 'Whiteboard' }, { name: 'Stapler' }),
  },
  {
    name: 'records',
    verb: 'DELETE',
    path: '_table/dept_emp',
    body: { resource: [{ emp_no: 1, dept_no: 'd002' }] },
    shows: list({ emp_no: 1, dept_no: 'd002' }),
  },
  {
    name: 'a filter deletes all matches',
    verb: 'DELETE',
    path: '_table/supplies?filter=id > 1&limit=1&fields=name',
    shows: list({ name: 'Broom' }, { name: 'Whiteboard' }),
    leaves: { supplies: ['Stapler'] },
  },
  { name: 'a filter that meets nothing', verb: 'DELETE', path: '_table/supplies?filter=id > 99', shows: list() },
  {
    name: 'a filter with parameters',
    verb: 'DELETE',
    path: '_table/supplies',
    body: { filter: 'name = :n', params: { ':n': 'Broom' } },
    shows: list({ id: 2 }),
  },
  {
    name: 'a filter that is an object deletes nothing',
    verb: 'DELETE',
    path: '_table/supplies?filter[id]=1&force=true',
    fails: [400, 'Invalid or unparsable filter request.'],
    leaves: { supplies: ['Stapler', 'Broom', 'Whiteboard'] },
  },
  {
    name: 'a blank filter deletes nothing',
    verb: 'DELETE',
    path: '_table/supplies?filter=%20%20&force=true',
    fails: [400, 'Invalid or unparsable filter request.'],
    leaves: { supplies: ['Stapler', 'Broom', 'Whiteboard'] },
  },
  {
    name: 'nothing given',
    verb: 'DELETE',
    path: '_table/supplies',
    fails: [400, 'No filter or records given for delete request.'],
  },
  {
    name: 'force=false',
    verb: 'DELETE',
    path: '_table/supplies?force=false',
    fails: [400, 'No filter or records given for delete request.'],
  },
  {
    name: 'force',
    verb: 'DELETE',
    path: '_table/supplies?force=true',
    shows: { success: true },
    leaves: { supplies: [] },
  },
  {
    name: 'ids before force',
    verb: 'DELETE',
    path: '_table/supplies?ids=9&force=true',
    fails: batch('deleted'),
    leaves: { supplies: ['Stapler', 'Broom', 'Whiteboard'] },
  },
])

run('upsert, as the service allows it', [
  {
    name: 'by id, new',
    verb: 'PUT',
    path: '_table/departments/u1?fields=*',
    body: { dept_name: 'Up' },
    config: { allow_upsert: true },
    shows: { dept_no: 'u1', dept_name: 'Up' },
  },
  {
    name: 'by id, there',
    verb: 'PATCH',
    path: '_table/departments/d001?fields=*',
    body: { dept_name: 'Up' },
    config: { allow_upsert: true },
    shows: { dept_no: 'd001', dept_name: 'Up' },
  },
  {
    name: 'by id, generated',
    verb: 'PUT',
    path: '_table/supplies/77?fields=*',
    body: { name: 'Up' },
    config: { allow_upsert: true },
    shows: { id: 77, name: 'Up' },
  },
  {
    name: 'records',
    verb: 'PUT',
    path: '_table/departments',
    body: [
      { dept_no: 'u3', dept_name: 'A' },
      { dept_no: 'd001', dept_name: 'B' },
    ],
    config: { allow_upsert: true },
    shows: list({ dept_no: 'u3' }, { dept_no: 'd001' }),
    leaves: { departments: ['B', 'Finance', 'Sales', 'A'] },
  },
  {
    name: 'what the database misses',
    verb: 'PUT',
    path: '_table/employees/77',
    body: { gender: 'F' },
    config: { allow_upsert: true },
    fails: [400, "Field 'last_name' can not be NULL."],
  },
  {
    name: 'POST never',
    verb: 'POST',
    path: '_table/departments',
    body: [{ dept_no: 'd001', dept_name: 'B' }],
    config: { allow_upsert: true },
    fails: batch('created'),
  },
])

const women: Rights = { employees: { filters: [['gender', '=', 'F']], hidden: ['salary'], readOnly: ['hired'] } }
const either: Rights = {
  employees: {
    filters: [
      ['gender', '=', 'F'],
      ['last_name', '=', 'Koblick'],
    ],
    op: 'or',
  },
}
const denied: [number, string] = [403, 'Denied access to some of the requested fields.']

run('policy', [
  {
    name: 'a row that is not visible is not updated',
    verb: 'PATCH',
    path: '_table/employees/2',
    body: { last_name: 'x' },
    rights: women,
    fails: [404, "Record with identifier '2' not found."],
  },
  {
    name: 'nor deleted',
    verb: 'DELETE',
    path: '_table/employees/2',
    rights: women,
    fails: [404, "Record with identifier '2' not found."],
  },
  {
    name: 'a filter updates visible rows only',
    verb: 'PATCH',
    path: '_table/employees?filter=(emp_no > 0) or (emp_no > 0)',
    body: [{ last_name: 'x' }],
    rights: women,
    shows: list({ emp_no: 1 }, { emp_no: 3 }),
  },
  {
    name: 'a filter deletes visible rows only',
    verb: 'DELETE',
    path: '_table/employees?filter=(emp_no > 0) or (emp_no > 0)',
    rights: women,
    shows: list({ emp_no: 1 }, { emp_no: 3 }),
  },
  {
    name: 'force deletes visible rows only',
    verb: 'DELETE',
    path: '_table/employees?force=true&fields=emp_no',
    rights: women,
    shows: { success: true },
    leaves: {
      employees: [
        { emp_no: 2, last_name: 'Simmel', gender: 'M', salary: 80, hired: '1985-08-03' },
        { emp_no: 4, last_name: 'Koblick', gender: 'M', salary: 80, hired: '1995-04-12' },
      ],
    },
  },
  {
    name: 'a value may not leave the filter',
    verb: 'PATCH',
    path: '_table/employees/1',
    body: { gender: 'M' },
    rights: women,
    fails: denied,
  },
  {
    name: 'nor by an expression',
    verb: 'PATCH',
    path: '_table/employees/1',
    body: { gender: { expression: "upper('m')" } },
    rights: women,
    fails: denied,
  },
  {
    name: 'nor by filter',
    verb: 'PATCH',
    path: '_table/employees?filter=emp_no = 1',
    body: [{ gender: 'M' }],
    rights: women,
    fails: denied,
  },
  {
    name: 'a new record must be within',
    verb: 'POST',
    path: '_table/employees',
    body: [{ emp_no: 9, last_name: 'x', gender: 'M' }],
    rights: women,
    fails: batch('created'),
    context: { error: [0], resource: [fault(403, 'Denied access to some of the requested fields.')] },
  },
  {
    name: 'and is accepted then',
    verb: 'POST',
    path: '_table/employees?fields=*',
    body: [{ emp_no: 9, last_name: 'x', gender: 'F', salary: 5 }],
    rights: women,
    shows: list({ emp_no: 9, last_name: 'x', gender: 'F', hired: null }),
  },
  {
    name: 'an OR filter denies what meets none of it',
    verb: 'POST',
    path: '_table/employees',
    body: [{ emp_no: 9, last_name: 'x', gender: 'M' }],
    rights: either,
    fails: batch('created'),
  },
  {
    name: 'an OR filter accepts what meets one',
    verb: 'POST',
    path: '_table/employees',
    body: [{ emp_no: 9, last_name: 'Koblick', gender: 'M' }],
    rights: either,
    shows: list({ emp_no: 9 }),
  },
  {
    name: 'hidden fields are dropped',
    verb: 'PATCH',
    path: '_table/employees/1',
    body: { salary: 1 },
    rights: women,
    shows: { emp_no: 1 },
  },
  {
    name: 'read-only fields are refused',
    verb: 'PATCH',
    path: '_table/employees/1',
    body: { salary: 1, hired: '2000-01-01' },
    rights: women,
    fails: [403, "Denied access to some of the requested fields. Field 'hired' is read-only for this role."],
  },
  {
    name: 'an upsert may not take a hidden row',
    verb: 'PUT',
    path: '_table/employees/2',
    body: { last_name: 'x', gender: 'F' },
    config: { allow_upsert: true },
    rights: women,
    fails: [404, "Record with identifier '2' not found."],
  },
  {
    name: 'a verb without a right',
    verb: 'DELETE',
    path: '_table/employees/1',
    rights: { employees: { verbs: ['GET'] } },
    fails: [403, "DELETE access to component '_table/employees' of service 'db' is not allowed by this user's role."],
  },
])

describe('statements of a batch', () => {
  it('equal ones go to the store together', async () => {
    const company = new Company()
    const records = Array.from({ length: 50 }, (_, at) => ({ name: `n${at}` }))
    await company.ask({ verb: 'POST', path: '_table/supplies', body: records })
    assert.deepEqual(
      company.store.ran.map((shape) => shape.replace(/^.* /, '')),
      ['x50'],
    )
  })

  it('a store that can only read refuses writes', async () => {
    const company = new Company({ can: { write: false } })
    await assert.rejects(company.ask({ verb: 'POST', path: '_table/supplies', body: [{ name: 'x' }] }), { status: 501 })
  })
})
