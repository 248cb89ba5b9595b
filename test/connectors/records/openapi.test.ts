/** What a record service tells of itself (control-plane 6): tables, fields, verbs and relations as the caller may see them, and nothing asked for in vain. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, OpenApiAsked, OpenApiPart } from 'dataferry/sdk'
import { admin, company, hostFor, type Rights } from './company.ts'
import { recordService } from './exports.ts'
import { MemoryStore } from './memory-store.ts'

const own: OpenApiAsked = { tables: 'paths', only: null, refresh: false }
const schemas: OpenApiAsked = { ...own, tables: 'schemas' }

function describedFor(rights: Rights | null, asked: OpenApiAsked): Promise<OpenApiPart> {
  return recordService(new MemoryStore(company()), { host: hostFor(rights), config: {} }).describe(admin, asked)
}

const fieldsOf = ({ schemas: all }: OpenApiPart, name: string): { readonly [field: string]: Json } =>
  (all[name] as { readonly properties: { readonly [field: string]: Json } } | undefined)?.properties ?? {}
const verbsOf = ({ paths }: OpenApiPart, path: string): readonly string[] =>
  Object.keys((paths[path] ?? {}) as object)
    .filter((verb) => verb !== 'parameters')
    .sort()
const isReadOnly = (field: Json | undefined): boolean => (field as { readonly readOnly?: boolean })?.readOnly === true

describe('the records of tables', () => {
  it('are told by the name of the service and the table', async () => {
    const part = await describedFor(null, schemas)
    assert.ok('name' in fieldsOf(part, 'db.supplies'))
    assert.ok('/_table/{table_name}' in part.paths)
  })

  it('have no hidden field, and say which can not be written', async () => {
    const rights: Rights = { supplies: { verbs: ['GET', 'POST', 'PATCH'], hidden: ['name'] } }
    const fields = fieldsOf(await describedFor(rights, schemas), 'db.supplies')
    assert.ok(Object.keys(fields).length > 0)
    assert.ok(!('name' in fields))
    assert.ok(Object.values(fields).some((field) => !isReadOnly(field)))
    const read = fieldsOf(await describedFor({ supplies: { verbs: ['GET'] } }, schemas), 'db.supplies')
    assert.ok(Object.entries(read).every(([, field]) => isReadOnly(field)))
  })

  it('have no relation to a table without a right', async () => {
    const whole = fieldsOf(await describedFor(null, schemas), 'db.employees')
    const alone = fieldsOf(await describedFor({ employees: { verbs: ['GET'] } }, schemas), 'db.employees')
    const relations = Object.keys(whole).filter((name) => !(name in alone))
    assert.ok(relations.length > 0, Object.keys(whole).join())
    assert.ok(!JSON.stringify(alone).includes('$ref'))
  })
})

describe('paths of tables', () => {
  it('are those with a right, with its verbs', async () => {
    const part = await describedFor({ supplies: { verbs: ['GET', 'POST'] }, kinds: { verbs: ['DELETE'] } }, own)
    assert.deepEqual(verbsOf(part, '/_table/supplies'), ['get', 'post'])
    assert.deepEqual(verbsOf(part, '/_table/kinds'), ['delete'])
    assert.ok(!Object.keys(part.paths).some((path) => path.startsWith('/_table/employees')))
  })

  it('are of the tables asked for', async () => {
    const part = await describedFor(null, { ...own, only: new Set(['supplies']) })
    const tables = Object.keys(part.paths).filter((path) => /^\/_table\/[^/]+$/.test(path))
    assert.deepEqual(tables, ['/_table/supplies'])
  })

  it('by id there are none without a key', async () => {
    const part = await describedFor(null, own)
    assert.ok('/_table/no_pk' in part.paths)
    assert.ok(!('/_table/no_pk/{id}' in part.paths))
  })
})

it('of a source nothing is asked where no table is wanted', async () => {
  const store = new MemoryStore(company())
  store.catalog.list = () => Promise.reject(new Error('asked'))
  const service = recordService(store, { host: hostFor(null), config: {} })
  const part = await service.describe(admin, { ...own, tables: 'none' })
  assert.ok('/_table/{table_name}' in part.paths)
  await assert.rejects(service.describe(admin, schemas), /asked/)
})
