/** Plans: nothing in a shape but structure, planning without waiting, views that can't be left. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RowSource } from 'dataferry/sdk'
import { Company, tableNamed } from './company.ts'
import {
  type Column,
  parseFilter,
  parseRoleFilter,
  planRead,
  type ReadPlan,
  shapeOfRead,
  type TableView,
  viewOfEverything,
} from './exports.ts'

function columnOf(view: TableView, name: string): Column {
  const column = view.column(name)
  assert.ok(column, name)
  return column
}

const shapeFor = (filter: string, columns: readonly string[] = ['emp_no']): string => {
  const view = viewOfEverything(tableNamed('employees'))
  return planRead({
    view,
    columns: columns.map((name) => ({
      as: name,
      expr: { kind: 'column', column: columnOf(view, name) },
      type: 'string',
      column: null,
      hidden: false,
    })),
    filter: parseFilter(filter),
    result: () => ({ kind: 'rows' }),
  }).shape
}

describe('shapes', () => {
  const same: readonly (readonly [string, string])[] = [
    ['emp_no = 1', 'emp_no = 2'],
    ['emp_no in (1)', 'emp_no in (1,2,3)'],
    ["last_name like 'a%'", "last_name contains 'b'"],
    ['(emp_no > 1) and (emp_no < 5)', '(emp_no > 7) and (emp_no < 9)'],
  ]
  for (const [a, b] of same) it(`${a} has that of ${b}`, () => assert.equal(shapeFor(a), shapeFor(b)))

  const different: readonly (readonly [string, string])[] = [
    ['emp_no = 1', 'emp_no != 1'],
    ['emp_no = 1', 'salary = 1'],
    ['emp_no is null', 'emp_no is not null'],
    ['(emp_no = 1) and ((emp_no = 2) or (emp_no = 3))', '((emp_no = 1) and (emp_no = 2)) or (emp_no = 3)'],
    ['emp_no = (emp_no + 1)', 'emp_no = (emp_no - 1)'],
    ["last_name like 'a'", "last_name ilike 'a'"],
  ]
  for (const [a, b] of different) it(`${a} differs from ${b}`, () => assert.notEqual(shapeFor(a), shapeFor(b)))

  it('a value is never in it', () => assert.ok(!shapeFor("last_name = 'secret'").includes('secret')))

  it('names that look like signs do not run together', () => {
    const view = viewOfEverything(tableNamed('employees'))
    const plan = (names: readonly string[]): ReadPlan => ({
      from: view.table,
      columns: names.map((as) => ({
        as,
        expr: { kind: 'column', column: columnOf(view, 'emp_no') },
        type: 'id',
        column: null,
        hidden: false,
      })),
      where: null,
      group: null,
      order: [],
      limit: null,
      offset: null,
      related: [],
      result: { kind: 'rows' },
    })
    assert.notEqual(shapeOfRead(plan(['a,b'])), shapeOfRead(plan(['a', 'b'])))
    assert.notEqual(shapeOfRead(plan(['a>b'])), shapeOfRead(plan(['b'])))
  })
})

describe('planning', () => {
  const paths = [
    '_table/supplies/1',
    '_table/supplies?filter=id > 1&order=name',
    '_table/supplies/1?related=*',
    '_table/supplies?count_only=1',
  ]
  for (const path of paths) {
    it(`${path} reaches the store without waiting, once its tables are known`, async () => {
      const company = new Company()
      await company.ask({ path })
      await company.ask({ path: '_table/locations' })
      const before = company.store.ran.length
      const reply = company.handle({ path })
      assert.equal(company.store.ran.length, before + 1)
      const { body } = await reply
      assert.equal(body.kind, 'rows')
    })
  }

  it('a list goes out as a read that has not begun', async () => {
    const company = new Company()
    const { body } = await company.handle({ path: '_table/supplies' })
    const rows: RowSource | null = body.kind === 'rows' ? body.rows : null
    assert.ok(rows)
    assert.deepEqual(await rows.value({ bytes: 1000, rows: 10 }, new AbortController().signal), {
      resource: company.store.rowsOf('supplies').map((row) => Object.assign(Object.create(null), row)),
    })
  })

  it('a row filter stands beside the filter of the client', () => {
    const view = viewOfEverything(tableNamed('employees'))
    const only = parseRoleFilter([{ name: 'gender', operator: '=', value: 'F' }], 'and')
    assert.ok(only)
    const { plan, binds } = planRead({
      view: view.narrowed(only),
      columns: [],
      filter: parseFilter('(emp_no = 1) or (emp_no = 2)'),
      result: () => ({ kind: 'count' }),
    })
    assert.equal(plan.where?.kind, 'and')
    assert.equal(plan.where.kind === 'and' ? plan.where.of.length : 0, 2)
    assert.deepEqual(binds, [1, 2, 'F'])
  })
})

describe('views', () => {
  const view = viewOfEverything(tableNamed('employees'))
  it('a hidden column has no name', () => {
    const less = view.without(['SALARY'])
    assert.equal(less.column('salary'), null)
    assert.equal(
      less.columns.some((column) => column.name === 'salary'),
      false,
    )
  })
  it('a read-only column can be read', () => {
    const less = view.without([], ['salary'])
    const salary = less.column('salary')
    assert.ok(salary)
    assert.equal(less.writes(salary), false)
  })
  it('without a part of its key a table has none', () => {
    assert.equal(viewOfEverything(tableNamed('dept_emp')).key.length, 2)
    assert.equal(viewOfEverything(tableNamed('dept_emp')).without(['dept_no']).key.length, 0)
  })
})
