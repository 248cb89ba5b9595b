/** GET on records, over the store in memory (data-plane 3.3 to 3.5, 3.12, 5.3). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { ApiError } from 'dataferry/sdk'
import { type Asked, Company, type Rights } from './company.ts'

interface Case extends Asked {
  readonly name: string
  readonly rights?: Rights
  readonly config?: { readonly max_records?: number }
  readonly shows?: Json
  readonly fails?: readonly [status: number, message: string]
  readonly context?: Json
}

const list = (...rows: Json[]): Json => ({ resource: rows })
const notFound = (id: string): Json => ({
  code: 404,
  context: null,
  message: `Record with identifier '${id}' not found.`,
  status_code: 404,
})
const notAll = 'Batch Error: Not all requested records could be retrieved.'
const stapler = { id: 1, name: 'Stapler' }
const broom = { id: 2, name: 'Broom' }
const whiteboard = { id: 3, name: 'Whiteboard' }

export function run(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    for (const { name, rights, config, shows, fails, context, ...asked } of cases) {
      it(name, async () => {
        const company = new Company({ rights: rights ?? null, ...(config ? { config } : {}) })
        if (!fails) {
          const { body } = await company.ask(asked)
          assert.deepEqual(body, shows)
          return
        }
        await assert.rejects(company.ask(asked), (error: unknown) => {
          assert.ok(error instanceof ApiError, String(error))
          assert.deepEqual([error.status, error.message], fails)
          if (context !== undefined) assert.deepEqual(error.context, context)
          return true
        })
      })
    }
  })
}

run('list', [
  { name: 'all rows', path: '_table/supplies', shows: list(stapler, broom, whiteboard) },
  { name: 'a table in any case', path: '_table/SUPPLIES?limit=1', shows: list(stapler) },
  { name: 'no such table', path: '_table/nope', fails: [404, 'Table "nope" does not exist in the database.'] },
  { name: 'no such resource', path: '_proc/x', fails: [404, "Resource '_proc' not found for service 'db'."] },
  { name: 'limit and offset', path: '_table/supplies?limit=1&offset=1', shows: list(broom) },
  { name: 'a fraction of a limit is cut', path: '_table/supplies?limit=2.7', shows: list(stapler, broom) },
  { name: 'an offset beyond the end', path: '_table/supplies?offset=10', shows: list() },
  {
    name: 'aliases of options',
    path: '_table/supplies?top=1&skip=2&select=id&sort=id',
    shows: list({ id: 3 }),
  },
  { name: 'where', path: "_table/supplies?where=name = 'Broom'", shows: list(broom) },
  { name: 'no match', path: '_table/supplies?filter=id > 99', shows: list() },
  {
    name: 'fields in the order asked for, without blanks and empty ones',
    path: '_table/supplies?fields=NAME, id,,name&limit=1',
    shows: list({ name: 'Stapler', id: 1 }),
  },
  { name: 'empty fields are the key', path: '_table/supplies?fields=&limit=1', shows: list({ id: 1 }) },
  { name: 'empty fields without a key', path: '_table/no_pk?fields=&limit=1', shows: list({ a: 1, b: 'one' }) },
  {
    name: 'an unknown field',
    path: '_table/supplies?fields=id,nope',
    fails: [400, 'Invalid field requested: nope'],
  },
  {
    name: 'an aggregate without a group',
    path: '_table/supplies?fields=count(*)',
    fails: [400, 'Invalid field requested: count(*)'],
  },
  {
    name: 'order with nulls last',
    path: '_table/employees?order=salary desc nulls last,emp_no desc&fields=emp_no',
    shows: list({ emp_no: 1 }, { emp_no: 4 }, { emp_no: 2 }, { emp_no: 3 }),
  },
  {
    name: 'order by position',
    path: '_table/supplies?order=1 desc&fields=name&limit=1',
    shows: list({ name: 'Whiteboard' }),
  },
  {
    name: 'order by an expression',
    path: '_table/employees?order=length(last_name),emp_no&fields=emp_no&limit=2',
    shows: list({ emp_no: 2 }, { emp_no: 1 }),
  },
  {
    name: 'order by an unknown field',
    path: '_table/supplies?order=nope',
    fails: [400, "Invalid field 'nope' in order by clause."],
  },
  {
    name: 'order with a semicolon',
    path: '_table/supplies?order=id; drop table x',
    fails: [400, 'Invalid order by clause in request.'],
  },
  {
    name: 'group with aggregates',
    path: '_table/employees?group=gender&fields=gender,COUNT(*),SUM(salary),max(emp_no)&order=gender',
    shows: list(
      { gender: 'F', COUNT_ALL: 2, SUM_salary: 100.5, MAX_emp_no: 3 },
      { gender: 'M', COUNT_ALL: 2, SUM_salary: 160, MAX_emp_no: 4 },
    ),
  },
  {
    name: 'group by an unknown field',
    path: '_table/employees?group=nope&fields=gender',
    fails: [400, "Invalid or unknown field 'nope' in group by clause."],
  },
  {
    name: 'a filter that is a list',
    path: '_table/supplies?filter[]=a',
    fails: [400, 'Invalid or unparsable filter request.'],
  },
  {
    name: 'a filter that is a map',
    path: '_table/supplies?filter[id]=5',
    fails: [400, 'Invalid or unparsable filter request.'],
  },
  { name: 'a parameter of the query', path: '_table/supplies?filter=id = :i&params[:i]=2', shows: list(broom) },
  {
    name: 'a filter, parameters and fields in the payload',
    path: '_table/supplies',
    body: { filter: 'id < :i', params: { ':i': 2 }, fields: ['name'] },
    shows: list({ name: 'Stapler' }),
  },
  { name: 'the query before the payload', path: '_table/supplies?limit=1', body: { limit: 2 }, shows: list(stapler) },
  {
    name: 'the canonical name in the payload before an alias in the query',
    path: '_table/supplies?top=1',
    body: { limit: 2 },
    shows: list(stapler, broom),
  },
  { name: 'a lookup', path: '_table/supplies?filter=id = {user.id}', shows: list() },
  { name: 'bare lists', path: '_table/supplies?limit=1', output: { wrapper: null }, shows: [stapler] },
  {
    name: 'a bare list with a count is wrapped',
    path: '_table/supplies?limit=3&include_count=true',
    output: { wrapper: null },
    shows: { resource: [stapler, broom, whiteboard], meta: { count: 3 } },
  },
])

run('counts', [
  {
    name: 'include_count with a next page',
    path: '_table/supplies?limit=2&include_count=true',
    shows: { resource: [stapler, broom], meta: { count: 3, next: 2 } },
  },
  {
    name: 'include_count on the last page',
    path: '_table/supplies?limit=2&offset=2&include_count=1',
    shows: { resource: [whiteboard], meta: { count: 3 } },
  },
  {
    name: 'a dot in the name',
    path: '_table/supplies?limit=3&include.count=yes',
    shows: { resource: [stapler, broom, whiteboard], meta: { count: 3 } },
  },
  {
    name: 'count_only',
    path: '_table/supplies?count_only=true&limit=1&fields=nope',
    fails: [400, 'Invalid field requested: nope'],
  },
  { name: 'count_only with a filter', path: '_table/supplies?count_only=true&limit=1&filter=id > 1', shows: 2 },
  {
    name: 'an imposed limit shows the count',
    path: '_table/supplies',
    config: { max_records: 2 },
    shows: { resource: [stapler, broom], meta: { count: 3, next: 2 } },
  },
  {
    name: 'a limit above the maximum',
    path: '_table/supplies?limit=999',
    config: { max_records: 2 },
    shows: { resource: [stapler, broom], meta: { count: 3, next: 2 } },
  },
  {
    name: 'the same limit, asked for',
    path: '_table/supplies?limit=2',
    config: { max_records: 2 },
    shows: list(stapler, broom),
  },
  {
    name: 'an imposed limit that is not reached',
    path: '_table/supplies',
    config: { max_records: 3 },
    shows: list(stapler, broom, whiteboard),
  },
  {
    name: 'count before groups',
    path: '_table/employees?group=gender&fields=gender&order=gender&include_count=true',
    shows: { resource: [{ gender: 'F' }, { gender: 'M' }], meta: { count: 4 } },
  },
])

run('as_list', [
  {
    name: 'the field called name',
    path: '_table/supplies?as_list=true',
    shows: list('Stapler', 'Broom', 'Whiteboard'),
  },
  { name: 'no such field', path: '_table/employees?as_list=true&limit=3', shows: list() },
  {
    name: 'id_field',
    path: '_table/employees?as_list=true&limit=2&id_field=last_name',
    shows: list('Facello', 'Simmel'),
  },
  {
    name: 'several id fields',
    path: '_table/dept_emp?as_list=true&limit=1&id_field=emp_no,dept_no',
    shows: list('(1,d001)'),
  },
  { name: 'fields that leave it out', path: '_table/supplies?as_list=true&fields=id', shows: list() },
  {
    name: 'with a count',
    path: '_table/employees?as_list=true&include_count=true&limit=2',
    shows: { resource: [], meta: { count: 4, next: 2 } },
  },
  { name: 'by ids', path: '_table/supplies?as_list=true&ids=2,1', shows: list('Broom', 'Stapler') },
])

run('by id', [
  { name: 'a number', path: '_table/supplies/1', shows: stapler },
  { name: 'a text', path: '_table/departments/d001?fields=dept_name', shows: { dept_name: 'Marketing' } },
  { name: 'missing', path: '_table/supplies/99', fails: [404, "Record with identifier '99' not found."] },
  { name: 'no integer', path: '_table/supplies/abc', fails: [400, "Field 'id' must be a valid integer."] },
  {
    name: 'an expression is no integer',
    path: '_table/supplies/1 or 1=1',
    fails: [400, "Field 'id' must be a valid integer."],
  },
  { name: 'a whole fraction', path: '_table/supplies/1.0', shows: stapler },
  { name: 'a fraction', path: '_table/supplies/1.5', fails: [404, "Record with identifier '1.5' not found."] },
  {
    name: 'beyond 64 bits',
    path: '_table/supplies/99999999999999999999',
    fails: [404, "Record with identifier '99999999999999999999' not found."],
  },
  { name: 'of a list the first', path: '_table/supplies/2,1', shows: broom },
  { name: 'what goes on behind is ignored', path: '_table/supplies/2/name', shows: broom },
  {
    name: 'a filter is ignored',
    path: '_table/supplies/2?filter=id = 1&as_list=true&include_count=true',
    shows: broom,
  },
  { name: 'an unknown field', path: '_table/supplies/2?fields=nope', fails: [400, 'Invalid field requested: nope'] },
  {
    name: 'id_field',
    path: '_table/departments/Sales?id_field=dept_name',
    shows: { dept_no: 'd003', dept_name: 'Sales' },
  },
  {
    name: 'id_field with several matches',
    path: '_table/employees/M?id_field=gender&fields=emp_no',
    shows: { emp_no: 2 },
  },
  {
    name: 'unknown id_field',
    path: '_table/supplies/1?id_field=nope',
    fails: [500, 'Identifying field(s) could not be determined.'],
  },
  { name: 'no key', path: '_table/no_pk/1', fails: [500, 'Identifying field(s) could not be determined.'] },
  { name: 'no key but id_field', path: '_table/no_pk/2?id_field=a', shows: { a: 2, b: 'two' } },
  { name: 'a composite key', path: '_table/dept_emp/(1,d002)?fields=since', shows: { since: '1992-12-06' } },
  {
    name: 'a composite key in quotes',
    path: "_table/dept_emp/(1,'d002')?fields=since",
    shows: { since: '1992-12-06' },
  },
  {
    name: 'a scalar for a composite key',
    path: '_table/dept_emp/1',
    fails: [404, "Record with identifier '1' not found."],
  },
  {
    name: 'too many values',
    path: '_table/dept_emp/(1,d002,x)',
    fails: [400, 'An identifier needs 2 values: emp_no, dept_no.'],
  },
  {
    name: 'a missing composite key',
    path: '_table/dept_emp/(9,d002)',
    fails: [404, "Record with identifier '(9,d002)' not found."],
  },
])

run('ids and records', [
  { name: 'in the order of the request', path: '_table/supplies?ids=3,1', shows: list(whiteboard, stapler) },
  { name: 'twice', path: '_table/supplies?ids=1,1', shows: list(stapler, stapler) },
  { name: 'blanks and empty members', path: '_table/supplies?ids=1, 2,', shows: list(stapler, broom) },
  { name: 'an empty list is none', path: '_table/supplies?ids=&limit=1', shows: list(stapler) },
  {
    name: 'paging and filters have no effect',
    path: '_table/supplies?ids=1,2&limit=1&offset=1&filter=id = 9&include_count=true',
    shows: list(stapler, broom),
  },
  { name: 'an order has', path: '_table/supplies?ids=1,2&order=name', shows: list(broom, stapler) },
  {
    name: 'a missing one stops',
    path: '_table/supplies?ids=1,9,2',
    fails: [400, notAll],
    context: { error: [1], resource: [stapler, notFound('9')] },
  },
  {
    name: 'continue lists all',
    path: '_table/supplies?ids=1,9,2&continue=true',
    fails: [400, notAll],
    context: { error: [1], resource: [stapler, notFound('9'), broom] },
  },
  {
    name: 'rollback means nothing on a read',
    path: '_table/supplies?ids=1,9&continue=true&rollback=true',
    fails: [400, notAll],
  },
  {
    name: 'no integer',
    path: '_table/supplies?ids=x,1',
    fails: [400, notAll],
    context: {
      error: [0],
      resource: [{ code: 400, context: null, message: "Field 'id' must be a valid integer.", status_code: 400 }],
    },
  },
  {
    name: 'composite',
    path: '_table/dept_emp?ids=(1,d001),(2,d002)&fields=emp_no',
    shows: list({ emp_no: 1 }, { emp_no: 2 }),
  },
  {
    name: 'id_field with several matches',
    path: '_table/no_pk?ids=2,1&id_field=a',
    shows: list({ a: 2, b: 'two' }, { a: 1, b: 'one' }),
  },
  { name: 'of a payload', path: '_table/supplies', body: { ids: [2], fields: 'name' }, shows: list({ name: 'Broom' }) },
  { name: 'records', path: '_table/supplies', body: { resource: [{ id: 2 }, { id: 1 }] }, shows: list(broom, stapler) },
  {
    name: 'composite records',
    path: '_table/dept_emp?fields=since',
    body: [{ emp_no: 1, dept_no: 'd002' }],
    shows: list({ since: '1992-12-06' }),
  },
  {
    name: 'a record without its key',
    path: '_table/dept_emp',
    body: { resource: [{ emp_no: 1 }] },
    fails: [400, notAll],
    context: {
      error: [0],
      resource: [
        { code: 400, context: null, message: 'Required id field(s) not found in record 0: dept_no', status_code: 400 },
      ],
    },
  },
])

const locations = [
  { id: 1, supply_id: 1, name: 'Front Desk' },
  { id: 2, supply_id: 1, name: 'Room 101' },
]

run('related', [
  {
    name: 'has_many',
    path: '_table/supplies/1?related=locations_by_supply_id',
    shows: { ...stapler, locations_by_supply_id: locations },
  },
  {
    name: 'without children',
    path: '_table/supplies/3?related=locations_by_supply_id',
    shows: { ...whiteboard, locations_by_supply_id: [] },
  },
  {
    name: 'belongs_to',
    path: '_table/locations/3?related=supplies_by_supply_id',
    shows: { id: 3, supply_id: 2, name: 'Broom Closet', supplies_by_supply_id: broom },
  },
  {
    name: 'many_many',
    path: '_table/employees/1?fields=emp_no&related=departments_by_dept_emp',
    shows: {
      emp_no: 1,
      departments_by_dept_emp: [
        { dept_no: 'd001', dept_name: 'Marketing' },
        { dept_no: 'd002', dept_name: 'Finance' },
      ],
    },
  },
  {
    name: 'names in any case, unknown ones ignored',
    path: '_table/supplies/3?related=nope, LOCATIONS_BY_SUPPLY_ID',
    shows: { ...whiteboard, locations_by_supply_id: [] },
  },
  {
    name: 'all',
    path: '_table/supplies?related=*&limit=1',
    shows: list({ ...stapler, locations_by_supply_id: locations }),
  },
  {
    name: 'join columns are added behind the fields',
    path: '_table/supplies/1?fields=name&related=locations_by_supply_id&locations_by_supply_id.fields=name',
    shows: { name: 'Stapler', id: 1, locations_by_supply_id: [{ name: 'Front Desk' }, { name: 'Room 101' }] },
  },
  {
    name: 'a limit for each parent, and an order',
    path: '_table/supplies?limit=2&fields=id&related=locations_by_supply_id&locations_by_supply_id.limit=1&locations_by_supply_id.order=id desc&locations_by_supply_id_fields=id',
    shows: list({ id: 1, locations_by_supply_id: [{ id: 2 }] }, { id: 2, locations_by_supply_id: [{ id: 3 }] }),
  },
  {
    name: 'empty fields are the children key',
    path: '_table/supplies/2?related=locations_by_supply_id&locations_by_supply_id.fields=',
    shows: { ...broom, locations_by_supply_id: [{ id: 3 }] },
  },
  {
    name: 'an unknown field of a relation',
    path: '_table/supplies/2?related=locations_by_supply_id&locations_by_supply_id.fields=nope',
    fails: [400, 'Invalid field requested: nope'],
  },
  {
    name: 'an unknown order of a relation',
    path: '_table/supplies/2?related=locations_by_supply_id&locations_by_supply_id.order=nope',
    fails: [400, "Invalid field 'nope' in order by clause."],
  },
  {
    name: 'by ids, from the payload',
    path: '_table/supplies',
    body: { ids: [2], related: 'locations_by_supply_id', fields: 'name' },
    shows: list({ name: 'Broom', id: 2, locations_by_supply_id: [{ id: 3, supply_id: 2, name: 'Broom Closet' }] }),
  },
])

const women: Rights = { employees: { filters: [['gender', '=', 'F']], hidden: ['salary'] } }
const joined: Rights = { ...women, dept_emp: {}, departments: { hidden: ['dept_name'] } }

run('policy', [
  {
    name: 'a row filter',
    path: '_table/employees?fields=emp_no',
    rights: women,
    shows: list({ emp_no: 1 }, { emp_no: 3 }),
  },
  {
    name: 'beside a client filter',
    path: '_table/employees?fields=emp_no&filter=(emp_no > 1) or (emp_no < 100)',
    rights: women,
    shows: list({ emp_no: 1 }, { emp_no: 3 }),
  },
  { name: 'counts', path: '_table/employees?count_only=true', rights: women, shows: 2 },
  {
    name: 'by id it is not there',
    path: '_table/employees/2',
    rights: women,
    fails: [404, "Record with identifier '2' not found."],
  },
  {
    name: 'by ids it is not there',
    path: '_table/employees?ids=1,2&fields=emp_no&continue=true',
    rights: women,
    fails: [400, notAll],
    context: { error: [1], resource: [{ emp_no: 1 }, notFound('2')] },
  },
  {
    name: 'a hidden field is not shown',
    path: '_table/employees/1',
    rights: women,
    shows: { emp_no: 1, last_name: 'Facello', gender: 'F', hired: '1990-06-20' },
  },
  {
    name: 'nor named',
    path: '_table/employees?fields=salary',
    rights: women,
    fails: [400, 'Invalid field requested: salary'],
  },
  {
    name: 'nor filtered by',
    path: '_table/employees?filter=salary > 1',
    rights: women,
    fails: [400, "Invalid or unparsable field in filter request: 'salary'"],
  },
  {
    name: 'nor ordered by',
    path: '_table/employees?order=salary',
    rights: women,
    fails: [400, "Invalid field 'salary' in order by clause."],
  },
  {
    name: 'nor ordered by in an expression',
    path: '_table/employees?order=abs(salary)',
    rights: women,
    fails: [400, "Invalid field 'salary' in order by clause."],
  },
  {
    name: 'nor grouped by',
    path: '_table/employees?group=salary&fields=gender',
    rights: women,
    fails: [400, "Invalid or unknown field 'salary' in group by clause."],
  },
  {
    name: 'nor aggregated',
    path: '_table/employees?group=gender&fields=max(salary)',
    rights: women,
    fails: [400, 'Invalid field requested: max(salary)'],
  },
  {
    name: 'nor an identifier',
    path: '_table/employees/80?id_field=salary',
    rights: women,
    fails: [500, 'Identifying field(s) could not be determined.'],
  },
  {
    name: 'no right to the table',
    path: '_table/supplies',
    rights: women,
    fails: [403, "GET access to component '_table/supplies' of service 'db' is not allowed by this user's role."],
  },
  {
    name: 'no right to a related table',
    path: '_table/employees/1?related=dept_emp_by_emp_no',
    rights: women,
    fails: [403, "GET access to component '_table/dept_emp' of service 'db' is not allowed by this user's role."],
  },
  {
    name: 'a row filter holds for related rows',
    path: '_table/dept_emp?related=employees_by_emp_no&employees_by_emp_no.fields=emp_no&fields=dept_no&limit=3',
    rights: joined,
    shows: list(
      { dept_no: 'd001', emp_no: 1, employees_by_emp_no: { emp_no: 1 } },
      { dept_no: 'd002', emp_no: 1, employees_by_emp_no: { emp_no: 1 } },
      { dept_no: 'd002', emp_no: 2, employees_by_emp_no: null },
    ),
  },
  {
    name: 'a field that is hidden in a related table',
    path: '_table/employees/1?related=departments_by_dept_emp&fields=emp_no',
    rights: joined,
    shows: { emp_no: 1, departments_by_dept_emp: [{ dept_no: 'd001' }, { dept_no: 'd002' }] },
  },
  {
    name: 'a relation over a hidden field does not exist',
    path: '_table/employees/1?related=departments_by_dept_emp&fields=emp_no',
    rights: { employees: {}, departments: {}, dept_emp: { hidden: ['dept_no'] } },
    shows: { emp_no: 1 },
  },
])
