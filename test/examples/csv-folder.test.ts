/**
 * The example connector, as a third party would ship it: outside of the kernel's tree, loaded by its path. It reads files only;
 * that filters, orders, pages, policy and formats work is the house's doing.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Admin } from '../../bench/admin.ts'
import { adminCredentials, startServer, type TestServer } from '../support/server.ts'

const people = `id,name,city,salary,note
1,Ann,Oslo,100.5,"says ""hi"", often"
2,Bob,Rome,,
3,Cid,Oslo,80,"two
lines"
10,Dan,Paris,200,
`
const cities = `name,country
Oslo,Norway
Rome,Italy
Paris,France
`
let server: TestServer
let folder: string
let readerKey: string
let restrictedKey: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dataferry-csv-'))
  await writeFile(join(folder, 'people.csv'), people)
  await writeFile(join(folder, 'cities.csv'), cities)
  await writeFile(join(folder, 'readme.txt'), 'no table')
  await mkdir(join(folder, 'sub'))
  server = await startServer({ env: { DF_PLUGINS: './docs/examples/csv-folder' } })
  const admin = await Admin.login(server.url, adminCredentials)
  const service = { name: 'csv', label: 'CSV', type: 'csv_folder', is_active: true, config: { folder } }
  const { id } = await admin.create('system/service', service)
  const row = { service_id: id, requestor_mask: 1 }
  readerKey = await admin.createKey('reader', [{ ...row, component: '*', verb_mask: 31 }])
  const filters = [{ name: 'city', operator: '=', value: 'Oslo' }]
  restrictedKey = await admin.createKey('restricted', [
    { ...row, component: '_table/people/*', verb_mask: 1, filters, filter_op: 'AND' },
  ])
})
after(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

async function ask(path: string, key: string = readerKey, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}/api/v2/csv/${path}`, {
    ...init,
    headers: { 'X-DreamFactory-API-Key': key, ...init.headers },
  })
}
async function rows(path: string, key?: string): Promise<unknown> {
  const answer = await ask(path, key)
  const body = (await answer.json()) as { readonly resource?: unknown }
  assert.equal(answer.status, 200, JSON.stringify(body))
  return body.resource ?? body
}
const names = async (query: string, key?: string): Promise<unknown> =>
  ((await rows(`_table/people?fields=name&${query}`, key)) as readonly { readonly name: string }[]).map(
    ({ name }) => name,
  )

test('csv: the tables are the files', async () => {
  assert.deepEqual(await rows('_table'), [{ name: 'cities' }, { name: 'people' }])
})

test('csv: values have types, quotes and line breaks are read', async () => {
  assert.deepEqual(await rows('_table/people?limit=3'), [
    { id: 1, name: 'Ann', city: 'Oslo', salary: 100.5, note: 'says "hi", often' },
    { id: 2, name: 'Bob', city: 'Rome', salary: null, note: null },
    { id: 3, name: 'Cid', city: 'Oslo', salary: 80, note: 'two\nlines' },
  ])
})

const asked: readonly { readonly name: string; readonly query: string; readonly expect: readonly string[] }[] = [
  { name: 'a filter', query: 'filter=city%3D%27Oslo%27', expect: ['Ann', 'Cid'] },
  { name: 'two conditions', query: 'filter=(salary%3E90)%20and%20(city!%3D%27Paris%27)', expect: ['Ann'] },
  { name: 'nothing is null', query: 'filter=salary%20is%20null', expect: ['Bob'] },
  { name: 'an order by number', query: 'order=id%20desc', expect: ['Dan', 'Cid', 'Bob', 'Ann'] },
  { name: 'an order by two fields', query: 'order=city,name%20desc', expect: ['Cid', 'Ann', 'Dan', 'Bob'] },
  { name: 'a page', query: 'order=id&limit=2&offset=1', expect: ['Bob', 'Cid'] },
  { name: 'ids', query: 'ids=10,1', expect: ['Dan', 'Ann'] },
]
for (const { name, query, expect } of asked) {
  test(`csv: ${name}`, async () => assert.deepEqual(await names(query), expect))
}

test('csv: by id, counted, grouped', async () => {
  assert.deepEqual(await rows('_table/people/10?fields=id,name'), { id: 10, name: 'Dan' })
  assert.equal((await ask('_table/people/99')).status, 404)
  assert.equal(await (await ask('_table/people?count_only=true')).text(), '4')
  const answer = (await (await ask('_table/people?limit=1&include_count=true')).json()) as { readonly meta: unknown }
  assert.deepEqual(answer.meta, { count: 4, next: 1 })
  assert.deepEqual(await rows('_table/people?fields=city,COUNT(id)&group=city&order=city'), [
    { city: 'Oslo', COUNT_id: 2 },
    { city: 'Paris', COUNT_id: 1 },
    { city: 'Rome', COUNT_id: 1 },
  ])
})

test('csv: a role sees its rows only', async () => {
  assert.deepEqual(await names('order=id', restrictedKey), ['Ann', 'Cid'])
  assert.deepEqual(await names('filter=(id%3E0)%20or%20(city%3D%27Rome%27)', restrictedKey), ['Ann', 'Cid'])
  assert.equal((await ask('_table/people/2', restrictedKey)).status, 404)
  assert.equal(await (await ask('_table/people?count_only=true', restrictedKey)).text(), '2')
  assert.deepEqual(await rows('_table/people?fields=city&group=city', restrictedKey), [{ city: 'Oslo' }])
  assert.equal((await ask('_table/cities', restrictedKey)).status, 401)
})

test('csv: other formats', async () => {
  const csv = await ask('_table/cities?order=name&limit=2', readerKey, { headers: { Accept: 'text/csv' } })
  assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/)
  assert.deepEqual((await csv.text()).trim().split(/\r?\n/), ['name,country', 'Oslo,Norway', 'Paris,France'])
  const xml = await ask('_table/cities?order=name&limit=1', readerKey, { headers: { Accept: 'application/xml' } })
  assert.match(await xml.text(), /<country>Norway<\/country>/)
})

test('csv: it cannot be written, and only its files can be read', async () => {
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"resource":[{"name":"X"}]}' }
  assert.equal((await ask('_table/cities', readerKey, init)).status, 501)
  for (const path of ['_table/readme', '_table/readme.txt', '_table/..%2Fpeople', '_table/sub', '_table/people%00']) {
    const { status } = await ask(path)
    assert.ok(status === 404 || status === 400, `${path}: ${status}`)
  }
})

test('csv: a file that changed is read again', async () => {
  await writeFile(join(folder, 'cities.csv'), 'name,country,people\nBern,Switzerland,133000\n')
  await utimes(join(folder, 'cities.csv'), new Date(), new Date(Date.now() + 5000))
  await (await ask('_table/cities')).text()
  assert.deepEqual(await rows('_table/cities'), [{ name: 'Bern', country: 'Switzerland', people: 133000 }])
})
