// What goes beyond the original, over a store in memory: the engine's own part of it. The databases' part is in their suites.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApiError, type Json } from 'dataferry/sdk'
import { type Asked, Company, type Rights } from './company.ts'

interface Case extends Asked {
  readonly name: string
  readonly rights?: Rights
  readonly shows?: Json
  readonly fails?: readonly [status: number, message: string]
}

const list = (...rows: Json[]): Json => ({ resource: rows })
const groups = '_table/employees?group=gender&fields=gender,COUNT(*),SUM(salary)&order=gender'
const cases: readonly Case[] = [
  {
    name: 'having',
    path: `${groups}&having=SUM(salary)>150`,
    shows: list({ gender: 'M', COUNT_ALL: 2, SUM_salary: 160 }),
  },
  {
    name: 'having a grouped field',
    path: `${groups}&having=gender=F`,
    shows: list({ gender: 'F', COUNT_ALL: 2, SUM_salary: 100.5 }),
  },
  {
    name: 'having, counted',
    path: `${groups}&having=COUNT_ALL=2 and MAX(hired) > '1994-01-01'&include_count=true`,
    shows: { resource: [{ gender: 'M', COUNT_ALL: 2, SUM_salary: 160 }], meta: { count: 1 } },
  },
  {
    name: 'having a hidden field',
    path: `${groups.replace(',SUM(salary)', '')}&having=SUM(salary)>1`,
    rights: { employees: { hidden: ['salary'] } },
    fails: [400, "Invalid field 'SUM(salary)' in having clause."],
  },
  {
    name: 'having without a group',
    path: '_table/employees?having=COUNT(*)>1',
    fails: [400, "'having' needs a 'group'."],
  },
  {
    name: 'distinct',
    path: '_table/employees?fields=gender&distinct=true&order=gender',
    shows: list({ gender: 'F' }, { gender: 'M' }),
  },
  { name: 'distinct, counted', path: '_table/no_pk?distinct=true&count_only=true', shows: 2 },
  {
    name: 'increment',
    verb: 'PATCH',
    path: '_table/employees/1?fields=salary',
    body: { salary: { $inc: 1.5 } },
    shows: { salary: 102 },
  },
  {
    name: 'increment of nothing',
    verb: 'PATCH',
    path: '_table/employees/3?fields=salary',
    body: { salary: { $inc: 2 } },
    shows: { salary: 2 },
  },
  {
    name: 'increment of a filtered field',
    verb: 'PATCH',
    path: '_table/employees/1',
    rights: { employees: { filters: [['salary', '>', '90']] } },
    body: { salary: { $inc: 1 } },
    fails: [403, 'Denied access to some of the requested fields.'],
  },
  {
    name: 'an object in a field of JSON is stored',
    verb: 'POST',
    path: '_table/kinds?fields=doc',
    body: { resource: [{ doc: { $inc: 1 } }] },
    shows: list({ doc: '{"$inc":1}' }),
  },
  {
    name: 'upsert where the source has none',
    verb: 'PUT',
    path: '_table/supplies/9?upsert=true',
    body: { name: 'x' },
    fails: [501, 'Upsert is not supported by this service.'],
  },
  {
    name: 'explain',
    path: '_table/supplies?explain=true&filter=name=secret&fields=id',
    shows: {
      plan: {
        table: 'supplies',
        fields: ['id'],
        where: '(= name $0)',
        group: null,
        having: null,
        distinct: false,
        order: [],
        limited: true,
        skips: false,
        related: [],
        result: 'list',
      },
    },
  },
  {
    name: 'explain for others',
    path: '_table/supplies?explain=true',
    caller: { admin: false },
    fails: [403, "'explain' is for administrators."],
  },
  {
    name: 'cursor without a key',
    path: '_table/no_pk?cursor=*',
    fails: [400, "Paging by 'cursor' needs a table with a key."],
  },
  {
    name: 'cursor with a hidden key',
    path: '_table/supplies?cursor=*',
    rights: { supplies: { hidden: ['id'] } },
    fails: [400, "Paging by 'cursor' needs a table with a key."],
  },
]

describe('additions', () => {
  for (const { name, rights, shows, fails, ...asked } of cases) {
    it(name, async () => {
      const company = new Company({ rights: rights ?? null })
      if (!fails) return assert.deepEqual((await company.ask(asked)).body, shows)
      await assert.rejects(company.ask(asked), (error: unknown) => {
        assert.ok(error instanceof ApiError, String(error))
        assert.deepEqual([error.status, error.message], fails)
        return true
      })
    })
  }

  for (const order of [
    '',
    'salary',
    'salary desc,gender',
    'hired desc nulls first',
    'gender desc,salary asc nulls last',
  ]) {
    it(`pages by cursor in the order of '${order}'`, async () => {
      const company = new Company()
      const seen: Json[] = []
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const path: string = `_table/employees?fields=emp_no&limit=1&order=${order}&cursor=${cursor}`
        const { body } = await company.ask({ path })
        const { resource, meta } = body as unknown as { resource: { emp_no: number }[]; meta?: { next_cursor: string } }
        seen.push(...resource.map(({ emp_no }) => emp_no))
        cursor = meta?.next_cursor
        assert.ok(seen.length <= 4)
      }
      const { body } = await company.ask({
        path: `_table/employees?fields=emp_no&order=${order === '' ? '' : `${order},`}emp_no`,
      })
      assert.deepEqual(
        seen,
        (body as unknown as { resource: { emp_no: number }[] }).resource.map(({ emp_no }) => emp_no),
      )
    })
  }
})
