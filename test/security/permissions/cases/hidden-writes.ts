/** Hidden and read-only fields in writes: what is hidden is neither set nor answered, what is read-only is refused (classes 6 and 16). */
import { type Case, group } from '../case.ts'

const kept = { 'select count(*) from person where hush_pay between 7770001 and 7770004': 4 }
const renamed = { "select count(*) from person where id = 1 and name = 'x' and hush_pay = 7770001": 1 }

const hidden = group({ as: 'shy', status: 200 }, [
  {
    name: 'created with a hidden field',
    ask: 'POST _table/person?fields=*',
    body: { resource: [{ id: 9, name: 'x', hush_pay: 1 }] },
    status: 201,
    changes: { 'select count(*) from person where id = 9 and hush_pay is null': 1 },
  },
  {
    name: 'created with hidden fields alone',
    ask: 'POST _table/tag',
    body: { resource: [{ hush_pay: 1 }] },
    status: 400,
  },
  {
    name: 'updated with a hidden field',
    ask: 'PATCH _table/person/1?fields=*',
    body: { name: 'x', hush_pay: 1 },
    changes: renamed,
  },
  { name: 'updated with hidden fields alone', ask: 'PATCH _table/person/1', body: { hush_pay: 1 } },
  { name: 'put with a hidden field', ask: 'PUT _table/person/1', body: { name: 'x', HUSH_PAY: 1 }, changes: renamed },
  {
    name: 'updated in a list',
    ask: 'PATCH _table/person',
    body: { resource: [{ id: 1, name: 'x', hush_pay: 1 }] },
    changes: renamed,
  },
  {
    name: 'updated by ids',
    ask: 'PATCH _table/person?ids=1',
    body: { resource: [{ name: 'x', hush_pay: 1 }] },
    changes: renamed,
  },
  {
    name: 'updated by filter',
    ask: 'PATCH _table/person?filter=id = 1',
    body: { resource: [{ name: 'x', hush_pay: 1 }] },
    changes: renamed,
  },
  {
    name: 'updated by a filter on it',
    ask: 'PATCH _table/person?filter=hush_pay > 7770001',
    body: { resource: [{ name: 'x' }] },
    status: 400,
  },
  { name: 'deleted by a filter on it', ask: 'DELETE _table/person?filter=hush_pay > 7770001', status: 400 },
  {
    name: 'deleted by a filter on it in the body',
    ask: 'DELETE _table/person',
    body: { filter: 'hush_pay > 1' },
    status: 400,
  },
  {
    name: 'deleted by it as identifier',
    ask: 'DELETE _table/person/SECRET-1?id_field=hush_pin',
    status: [400, 404, 500],
  },
  {
    name: 'updated by it as identifier',
    ask: 'PATCH _table/person/SECRET-1?id_field=hush_pin',
    body: { name: 'x' },
    status: [400, 404, 500],
  },
  { name: 'an increment', ask: 'PATCH _table/person/1', body: { name: 'x', hush_pay: { $inc: 1 } }, changes: renamed },
  {
    name: 'an expression that copies it',
    ask: 'PATCH _table/person/1',
    body: { name: { expression: 'hush_pin' } },
    status: 400,
  },
  {
    name: 'an expression with a function of it',
    ask: 'PATCH _table/person/1',
    body: { name: { expression: { value: 'lower(hush_pin)' } } },
    status: 400,
  },
  {
    name: 'an expression over it by filter',
    ask: 'PATCH _table/person?filter=id > 0',
    body: { resource: [{ grade: { expression: 'hush_pay - 7770000' } }] },
    status: 400,
  },
  {
    name: 'a create with an expression',
    ask: 'POST _table/person',
    body: { resource: [{ id: 9, name: { expression: 'hush_pin' } }] },
    status: 400,
  },
  {
    name: 'an upsert',
    ask: 'PATCH _table/person/9?upsert=true',
    body: { name: 'x', hush_pay: 1 },
    status: [200, 404],
    changes: { 'select count(*) from person where hush_pay = 1': 0 },
  },
  {
    name: 'the answer of an update',
    ask: 'PATCH _table/person/1?fields=name,hush_pay',
    body: { name: 'x' },
    status: 400,
  },
  {
    name: 'the answer of a create',
    ask: 'POST _table/person?fields=hush_pay',
    body: { resource: [{ id: 9, name: 'x' }] },
    status: 400,
  },
  {
    name: 'the answer of a delete',
    ask: 'DELETE _table/person/4?fields=*',
    changes: { 'select count(*) from person': 3 },
  },
  { name: 'the answer of a delete by name', ask: 'DELETE _table/person/4?fields=hush_pin', status: 400 },
  {
    name: 'the answer of an update by filter',
    ask: 'PATCH _table/person?filter=id = 1&fields=*&related=team_by_team_id',
    body: { resource: [{ name: 'x' }] },
    changes: renamed,
  },
  {
    name: 'a new child with it',
    ask: 'PATCH _table/person/1',
    body: { task_by_person_id: [{ id: 9, title: 'x', hush_memo: 'm' }] },
    changes: { 'select count(*) from task where id = 9 and hush_memo is null': 1 },
  },
  {
    name: 'a child that is there, with it',
    ask: 'PATCH _table/person/1',
    body: { task_by_person_id: [{ id: 1, title: 'x', hush_memo: 'm' }] },
    changes: { "select count(*) from task where id = 1 and title = 'x' and hush_memo = 'SECRET-t1'": 1 },
  },
  {
    name: 'a parent with it',
    ask: 'PATCH _table/person/1',
    body: { team_by_team_id: { id: 1, name: 'x', hush_budget: 1 } },
    changes: { "select count(*) from team where id = 1 and name = 'x' and hush_budget = 7770901": 1 },
  },
  {
    name: 'a child of a child with it',
    ask: 'PATCH _table/team/1',
    body: { person_by_team_id: [{ id: 1, hush_pay: 1, task_by_person_id: [{ id: 1, hush_memo: 'm' }] }] },
    changes: { ...kept, "select count(*) from task where hush_memo = 'SECRET-t1'": 1 },
  },
  {
    name: 'an expression of a child',
    ask: 'PATCH _table/person/1',
    body: { task_by_person_id: [{ id: 1, title: { expression: 'hush_memo' } }] },
    status: 400,
  },
  {
    name: 'the answer with children',
    ask: 'PATCH _table/person/1?related=task_by_person_id&fields=*',
    body: { name: 'x' },
    changes: renamed,
  },
  {
    name: 'a batch that goes on',
    ask: 'PATCH _table/person?continue=true',
    body: {
      resource: [
        { id: 1, name: 'x', hush_pay: 1 },
        { id: 99, name: 'y' },
      ],
    },
    status: 400,
    changes: renamed,
  },
  {
    name: 'a batch that is rolled back',
    ask: 'PATCH _table/person?rollback=true',
    body: {
      resource: [
        { id: 1, name: 'x', hush_pay: 1 },
        { id: 99, name: 'y' },
      ],
    },
    status: 400,
  },
  {
    name: 'a child over a hidden key',
    as: 'cut',
    ask: 'PATCH _table/team/2',
    body: { person_by_team_id: [{ id: 1 }] },
  },
  { name: 'a parent over a hidden key', as: 'cut', ask: 'PATCH _table/person/1', body: { team_by_team_id: { id: 2 } } },
  { name: 'a hidden key itself', as: 'cut', ask: 'PATCH _table/person/1', body: { team_id: 2 } },
  {
    name: 'in CSV',
    ask: 'POST _table/person',
    headers: { 'Content-Type': 'text/csv' },
    body: 'id,name,hush_pay\n9,x,1\n',
    twin: null,
    status: 201,
    changes: { 'select count(*) from person where id = 9 and hush_pay is null': 1 },
  },
])

const faults = group({ as: 'shy', twin: null }, [
  {
    name: 'a required field that is hidden',
    ask: 'POST _table/strict',
    body: { resource: [{ id: 9, name: 'x' }] },
    status: [400, 409],
  },
  {
    name: 'a required field that is hidden, by filter',
    ask: 'POST _table/strict?continue=true',
    body: { resource: [{ id: 9 }, { id: 10 }] },
    status: [400, 409],
  },
  {
    name: 'a key that is there',
    ask: 'POST _table/person',
    body: { resource: [{ id: 1, name: 'x' }] },
    status: [400, 409],
  },
  { name: 'a null where none may be', ask: 'PATCH _table/person/1', body: { name: null }, status: 400 },
  { name: 'a reference to nothing', ask: 'PATCH _table/person/1', body: { team_id: 99 }, status: [400, 409] },
  { name: 'a row that is referred to', ask: 'DELETE _table/person/1', status: [400, 409] },
  { name: 'a number that is none', ask: 'PATCH _table/person/1', body: { grade: 'x' }, status: 400 },
])

const denied = /Denied access to some of the requested fields/
const readOnly = group({ as: 'careful', status: 403, says: denied }, [
  { name: 'is read', ask: 'GET _table/person/1', status: 200, says: /"grade":1/ },
  { name: 'is filtered by', ask: 'GET _table/person?filter=grade > 3', status: 200, ids: [4], says: /./ },
  {
    name: 'updated',
    ask: 'PATCH _table/person/1',
    body: { grade: 9 },
    says: /Field 'grade' is read-only for this role/,
  },
  { name: 'updated with others', ask: 'PATCH _table/person/1', body: { name: 'x', grade: 9 } },
  { name: 'in another case', ask: 'PATCH _table/person/1', body: { GRADE: 9 } },
  { name: 'put', ask: 'PUT _table/person/1', body: { grade: 9 } },
  { name: 'with the value that it has', ask: 'PATCH _table/person/1', body: { grade: 1 } },
  { name: 'with null', ask: 'PATCH _table/person/1', body: { grade: null } },
  { name: 'raised', ask: 'PATCH _table/person/1', body: { grade: { $inc: 1 } } },
  { name: 'by an expression', ask: 'PATCH _table/person/1', body: { grade: { expression: 'id' } } },
  { name: 'created', ask: 'POST _table/person', body: { resource: [{ id: 9, name: 'x', grade: 9 }] }, status: 400 },
  {
    name: 'left out of a create',
    ask: 'POST _table/person',
    body: { resource: [{ id: 9, name: 'x' }] },
    status: 201,
    says: /9/,
    changes: { 'select count(*) from person where id = 9 and grade is null': 1 },
  },
  { name: 'in a list', ask: 'PATCH _table/person', body: { resource: [{ id: 1, grade: 9 }] }, status: 400 },
  { name: 'by ids', ask: 'PATCH _table/person?ids=1,2', body: { resource: [{ grade: 9 }] }, status: 400 },
  { name: 'by filter', ask: 'PATCH _table/person?filter=id > 0', body: { resource: [{ grade: 9 }] } },
  { name: 'by an upsert', ask: 'PATCH _table/person/99?upsert=true', body: { name: 'x', grade: 9 } },
  {
    name: 'of a record that is not there',
    ask: 'PATCH _table/person/99',
    body: { grade: 9 },
    status: [403, 404],
    says: /./,
  },
  { name: 'the reference to a parent', ask: 'PATCH _table/person/1', body: { team_id: 2 } },
  {
    name: 'the reference through the parent',
    ask: 'PATCH _table/person/1',
    body: { team_by_team_id: { id: 2 } },
    status: [400, 403],
  },
  {
    name: 'the reference from the other side',
    ask: 'PATCH _table/team/2',
    body: { person_by_team_id: [{ id: 1 }] },
    status: [400, 403],
    says: /./,
  },
  {
    name: 'the reference taken away from the other side',
    ask: 'PATCH _table/team/1',
    body: { person_by_team_id: [{ id: 1, team_id: null }] },
    status: [400, 403],
    says: /./,
  },
  {
    name: 'a new child',
    ask: 'PATCH _table/person/1',
    body: { task_by_person_id: [{ id: 9, title: 'x' }] },
    status: [400, 403],
  },
  {
    name: 'of a parent',
    ask: 'PATCH _table/person/1',
    body: { team_by_team_id: { id: 1, name: 'x' } },
    status: [400, 403],
  },
  {
    name: 'of a child',
    ask: 'PATCH _table/team/1',
    body: { person_by_team_id: [{ id: 1, grade: 9 }] },
    status: [400, 403],
  },
  {
    name: 'by a tunnelled verb',
    ask: 'POST _table/person/1',
    headers: { 'X-HTTP-Method-Override': 'PATCH' },
    body: { grade: 9 },
  },
  {
    name: 'others may be written',
    ask: 'PATCH _table/person/1',
    body: { name: 'x' },
    status: 200,
    says: /1/,
    changes: { "select count(*) from person where name = 'x'": 1 },
  },
])

export const hiddenWrites: readonly (readonly [string, readonly Case[]])[] = [
  ['hidden fields: writes', hidden],
  ['hidden fields: error text', faults],
  ['read-only fields', readOnly],
]
