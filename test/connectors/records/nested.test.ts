/**
 * Related records that come with a record (data-plane 5.4, 5.5), over a store in memory: what is written, in which order of plans, and
 * what stays when something fails. The same over real databases is in the conformance suite.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { type Asked, Company, plain, type Rights } from './company.ts'

interface Writing extends Asked {
  readonly name: string
  readonly rights?: Rights
  readonly fails?: { readonly status: number; readonly message: string | RegExp }
  /** The rows that a table holds then, as `a|b`. */
  readonly leaves?: { readonly [table: string]: readonly string[] }
}

const before: NonNullable<Writing['leaves']> = {
  supplies: ['1|Stapler', '2|Broom', '3|Whiteboard'],
  locations: ['1|1|Front Desk', '2|1|Room 101', '3|2|Broom Closet'],
  dept_emp: ['1|d001|1990-06-20', '1|d002|1992-12-06', '2|d002|1985-08-03', '3|d003|1985-09-22'],
  departments: ['d001|Marketing', 'd002|Finance', 'd003|Sales'],
}

const employee = { emp_no: 9, last_name: 'New', gender: 'F' }

const cases: readonly Writing[] = [
  {
    name: 'children of a new record',
    verb: 'POST',
    path: '_table/supplies',
    body: [{ name: 'Lamp', locations_by_supply_id: [{ name: 'A' }, { id: 3 }] }],
    leaves: { locations: ['1|1|Front Desk', '2|1|Room 101', '3|4|Broom Closet', '4|4|A'] },
  },
  {
    name: 'relations are named in any case',
    verb: 'PATCH',
    path: '_table/supplies/2',
    body: { Locations_By_SUPPLY_id: [{ name: 'A' }] },
    leaves: { locations: [...(before.locations ?? []), '4|2|A'] },
  },
  {
    name: 'a parent before its child',
    verb: 'POST',
    path: '_table/locations',
    body: [{ name: 'Attic', supplies_by_supply_id: { name: 'Lamp' } }],
    leaves: {
      supplies: [...(before.supplies ?? []), '4|Lamp'],
      locations: [...(before.locations ?? []), '4|4|Attic'],
    },
  },
  {
    name: 'children that may not lose their parent',
    verb: 'PATCH',
    path: '_table/supplies/1',
    body: { locations_by_supply_id: [{ id: 1, supply_id: null }] },
    fails: { status: 400, message: "Failed to update many to one assignment.\nField 'supply_id' can not be NULL." },
    leaves: before,
  },
  {
    name: 'are deleted where that is allowed',
    verb: 'PATCH',
    path: '_table/supplies/1?allow_related_delete=true',
    body: { locations_by_supply_id: [{ id: 1, supply_id: '' }] },
    leaves: { locations: ['2|1|Room 101', '3|2|Broom Closet'] },
  },
  {
    name: 'not those of another parent',
    verb: 'PATCH',
    path: '_table/supplies/1?allow_related_delete=true',
    body: { locations_by_supply_id: [{ id: 3, supply_id: null }] },
    fails: {
      status: 400,
      message: "Failed to update many to one assignment.\nRecord with identifier '3' not found.",
    },
    leaves: before,
  },
  {
    name: 'through a junction whose own fields are needed: an update joins nobody twice',
    verb: 'PATCH',
    path: '_table/employees/1',
    body: { departments_by_dept_emp: [{ dept_no: 'd001' }, { dept_no: 'd003', dept_name: 'Selling' }] },
    leaves: {
      dept_emp: [...(before.dept_emp ?? []), '1|d003|null'],
      departments: ['d001|Marketing', 'd002|Finance', 'd003|Selling'],
    },
  },
  {
    name: 'parted by the parent’s key',
    verb: 'PATCH',
    path: '_table/employees/1',
    body: { departments_by_dept_emp: [{ dept_no: 'd001', 'employees.emp_no': null }] },
    leaves: {
      dept_emp: ['1|d002|1992-12-06', '2|d002|1985-08-03', '3|d003|1985-09-22'],
      departments: before.departments ?? [],
    },
  },
  {
    name: 'a key of text that is not there is created',
    verb: 'POST',
    path: '_table/employees',
    body: [{ ...employee, departments_by_dept_emp: [{ dept_no: 'd009', dept_name: 'Service' }] }],
    leaves: {
      dept_emp: [...(before.dept_emp ?? []), '9|d009|null'],
      departments: [...(before.departments ?? []), 'd009|Service'],
    },
  },
  {
    name: 'a key of text that is missing',
    verb: 'PATCH',
    path: '_table/employees/1',
    body: { last_name: 'X', departments_by_dept_emp: [{ dept_name: 'Service' }] },
    fails: {
      status: 500,
      message: "Failed to update many to one map assignment.\nRelated record has no primary key value for 'dept_no'.",
    },
    leaves: before,
  },
  {
    name: 'rows of the junction as children',
    verb: 'PATCH',
    path: '_table/employees/2',
    body: {
      dept_emp_by_emp_no: [
        { dept_no: 'd002', since: '2000-01-01' },
        { dept_no: 'd001', since: '2001-01-01' },
      ],
    },
    leaves: {
      dept_emp: [
        '1|d001|1990-06-20',
        '1|d002|1992-12-06',
        '2|d002|2000-01-01',
        '3|d003|1985-09-22',
        '2|d001|2001-01-01',
      ],
    },
  },
  {
    name: 'as deep as may be',
    verb: 'PATCH',
    path: '_table/employees/4',
    body: {
      dept_emp_by_emp_no: [
        {
          since: '2001-01-01',
          departments_by_dept_no: { dept_no: 'd007', dept_name: 'Deep', dept_emp_by_dept_no: [] },
        },
      ],
    },
    leaves: {
      dept_emp: [...(before.dept_emp ?? []), '4|d007|2001-01-01'],
      departments: [...(before.departments ?? []), 'd007|Deep'],
    },
  },
  {
    name: 'and no deeper',
    verb: 'PATCH',
    path: '_table/supplies/1',
    body: {
      locations_by_supply_id: [
        { name: 'A', supplies_by_supply_id: { locations_by_supply_id: [{ supplies_by_supply_id: { name: 'B' } }] } },
      ],
    },
    fails: { status: 400, message: 'Related records can be nested 3 levels deep at most.' },
    leaves: before,
  },
  {
    name: 'by filter, each row its own children',
    verb: 'PATCH',
    path: '_table/supplies?filter=id > 1',
    body: { resource: [{ locations_by_supply_id: [{ name: 'A' }] }] },
    leaves: { locations: [...(before.locations ?? []), '4|2|A', '5|3|A'] },
  },
  {
    name: 'a fault behind the children of an earlier relation',
    verb: 'PATCH',
    path: '_table/employees/1',
    body: {
      dept_emp_by_emp_no: [{ dept_no: 'd003', since: '2001-01-01' }],
      departments_by_dept_emp: [{ dept_no: 'd001', dept_name: null }],
    },
    fails: {
      status: 500,
      message: "Failed to update many to one map assignment.\nField 'dept_name' can not be NULL.",
    },
    leaves: before,
  },
  {
    name: 'the junction has rights of its own',
    verb: 'PATCH',
    path: '_table/employees/1',
    rights: { employees: {}, departments: {}, dept_emp: { verbs: ['GET'] } },
    body: { departments_by_dept_emp: [{ dept_no: 'd003' }] },
    fails: { status: 500, message: /\nPOST access to component '_table\/dept_emp' of service 'db' is not allowed/ },
    leaves: before,
  },
  {
    name: 'and a row filter',
    verb: 'PATCH',
    path: '_table/employees/1',
    rights: { employees: {}, departments: {}, dept_emp: { filters: [['dept_no', '!=', 'd003']] } },
    body: { departments_by_dept_emp: [{ dept_no: 'd003' }] },
    fails: { status: 500, message: /\nDenied access to some of the requested fields\.$/ },
    leaves: before,
  },
  {
    name: 'nothing of a table without any right, not even its names',
    verb: 'PATCH',
    path: '_table/supplies/1',
    rights: { supplies: {} },
    body: { locations_by_supply_id: [{ name: 'A' }] },
    fails: { status: 403, message: /component '_table\/locations'/ },
    leaves: before,
  },
  {
    name: 'a record beyond the row filter is not there, whatever it would be set to',
    verb: 'PATCH',
    path: '_table/supplies/2',
    rights: { supplies: { filters: [['name', '=', 'Stapler']] } },
    body: { name: 'X' },
    fails: { status: 404, message: "Record with identifier '2' not found." },
    leaves: before,
  },
  {
    name: 'one within it is refused what leads out of it',
    verb: 'PATCH',
    path: '_table/supplies/1',
    rights: { supplies: { filters: [['name', '=', 'Stapler']] } },
    body: { name: 'X' },
    fails: { status: 403, message: 'Denied access to some of the requested fields.' },
    leaves: before,
  },
]

const rowsOf = (company: Company, table: string): readonly string[] =>
  company.store.rowsOf(table).map((row) =>
    Object.values(plain(row) as { [name: string]: Json })
      .map(String)
      .join('|'),
  )

for (const returning of [true, false]) {
  describe(`related records come along${returning ? '' : ', without RETURNING'}`, () => {
    for (const { name, rights, fails, leaves = {}, ...asked } of cases) {
      it(name, async () => {
        const company = new Company({ can: { returning }, ...(rights ? { rights } : {}) })
        // Their descriptions are known, as they are after the first request.
        for (const table of Object.keys(before)) await company.store.catalog.table(table)
        const caller = rights ? { caller: { admin: false } } : {}
        if (fails) await assert.rejects(company.ask({ ...asked, ...caller }), fails)
        else await company.ask({ ...asked, ...caller })
        for (const [table, rows] of Object.entries(leaves)) assert.deepEqual(rowsOf(company, table), rows, table)
      })
    }
  })
}

describe('plans', () => {
  it('a batch whose records bring nothing is still one statement', async () => {
    const company = new Company()
    await company.ask({ verb: 'POST', path: '_table/supplies', body: [{ name: 'A' }, { name: 'B' }] })
    assert.deepEqual(
      company.store.ran.filter((shape) => shape.includes(' x')),
      ['insert supplies(name:$0)=(id>"#0") x2'],
    )
  })
})
