/**
 * Real schemas: every relation of every table, read for all of its rows, is what joining the rows by hand gives; names are those of
 * data-plane 5.1.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { answerOf, houseHost, makeTables, type Opened, plain, requestOf } from 'dataferry/conformance'
import type { Row } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import { chinook } from './schemas/chinook.ts'
import { sakila } from './schemas/sakila.ts'
import type { Made, Reference } from './schemas/tables.ts'
import type { Server } from './server.ts'

/** The children of one row, by hand. */
interface Joined {
  readonly name: string
  readonly many: boolean
  readonly of: Made
  children(row: Row): readonly Row[]
}

const meets = (child: Row, { columns, refColumns }: Reference, parent: Row): boolean =>
  columns.every((column, index) => child[column] !== null && child[column] === parent[refColumns[index] ?? ''])

function joinsOf(table: Made, tables: readonly Made[]): ReadonlyMap<string, Joined> {
  const found = new Map<string, Joined>()
  const add = (joined: Joined): void => void found.set(joined.name.toLowerCase(), joined)
  const named = (name: string): Made => tables.find((each) => each.name === name) ?? assert.fail(name)
  for (const reference of table.references) {
    const of = named(reference.table)
    // A self-reference has its own side under this name.
    const name = `${of === table ? 'parent' : of.name}_by_${reference.columns.join('_')}`
    add({ name, many: false, of, children: (row) => of.rows.filter((parent) => meets(row, reference, parent)) })
  }
  for (const child of tables) {
    for (const reference of child.references.filter((each) => each.table === table.name)) {
      const name = `${child.name}_by_${reference.columns.join('_')}`
      add({ name, many: true, of: child, children: (row) => child.rows.filter((each) => meets(each, reference, row)) })
    }
  }
  for (const junction of tables) {
    for (const near of junction.references.filter((each) => each.table === table.name)) {
      for (const far of junction.references.filter((each) => each.table !== table.name)) {
        const of = named(far.table)
        add({
          name: `${of.name}_by_${junction.name}`,
          many: true,
          of,
          children(row) {
            const links = junction.rows.filter((link) => meets(link, near, row))
            return of.rows.filter((each) => links.some((link) => meets(link, far, each)))
          },
        })
      }
    }
  }
  return found
}

const keyOf = ({ key }: Made, row: Row): string => JSON.stringify(key.map((column) => row[column]))
const sorted = (table: Made, rows: readonly Row[]): readonly Json[] =>
  rows.toSorted((a, b) => (keyOf(table, a) < keyOf(table, b) ? -1 : 1)).map(plain)

/** Makes and fills the tables; references to later tables are set at the end. */
async function fill(server: Server, opened: Opened, tables: readonly Made[]): Promise<void> {
  const isDelayed = (table: Made, { columns, table: to }: Reference): boolean =>
    server.altersKeys && to !== table.name && columns.some((each) => table.later.includes(each))
  const delayed = tables.flatMap((table) =>
    table.references.filter((each) => isDelayed(table, each)).map((reference) => ({ table, reference })),
  )
  const seeds = tables.map((table) => ({
    plan: {
      ...table.plan,
      foreignKeys: (table.plan.foreignKeys ?? []).filter(
        ({ columns }) => !delayed.some((each) => each.table === table && each.reference.columns[0] === columns[0]),
      ),
    },
    rows: table.rows.map((row) => ({ ...row, ...Object.fromEntries(table.later.map((column) => [column, null])) })),
  }))
  await makeTables(opened, seeds)
  for (const { table, reference } of delayed) {
    const { quote } = server
    const list = (names: readonly string[]): string => names.map(quote).join(', ')
    await opened.sql?.(
      `alter table ${quote(table.name)} add foreign key (${list(reference.columns)}) references ${quote(reference.table)} (${list(reference.refColumns)})`,
    )
  }
  for (const table of tables.filter(({ later }) => later.length > 0)) {
    const records = table.rows.map((row) =>
      Object.fromEntries([...table.key, ...table.later].map((column) => [column, row[column] ?? null])),
    )
    const { status, body } = await answerOf(
      opened.service,
      requestOf({ ask: `PATCH ${table.name}`, body: { resource: records } }),
    )
    assert.equal(status, 200, JSON.stringify(body))
  }
  // Keys were made behind the service's back.
  await answerOf(opened.service, requestOf({ ask: 'GET _table?refresh=true' }))
}

/** Registers the tests with node:test. */
export function relations(server: Server): void {
  for (const [name, tables] of [
    ['Chinook', chinook],
    ['Sakila', sakila],
  ] as const) {
    describe(`${server.subject.name}: ${name}`, () => {
      let opened: Opened
      before(async () => {
        opened = await server.subject.open(await houseHost(), {})
        await fill(server, opened, tables)
      })
      after(() => opened.close())
      for (const table of tables) test(table.name, () => checkTable(opened, table, tables))
    })
  }
}

async function rowsOf(
  opened: Opened,
  ask: string,
  query: { readonly [name: string]: string } = {},
): Promise<readonly Row[]> {
  const { status, body } = await answerOf(opened.service, requestOf({ ask, query }))
  assert.equal(status, 200, `${ask}: ${JSON.stringify(body)}`)
  return (body as { readonly resource: readonly Row[] }).resource
}

async function checkTable(opened: Opened, table: Made, tables: readonly Made[]): Promise<void> {
  const joins = [...joinsOf(table, tables).values()]
  const described = await rowsOf(opened, `GET _schema/${table.name}/_related`)
  assert.deepEqual(described.map((each) => each.name).sort(), joins.map((each) => each.name).sort())
  const order = table.key.join(',')
  const ordered = table.rows.toSorted(
    (a, b) => table.key.map((column) => Number(a[column]) - Number(b[column])).find((each) => each !== 0) ?? 0,
  )

  const all = await rowsOf(opened, `GET ${table.name}`, { related: '*', order })
  assert.equal(all.length, ordered.length)
  for (const [index, row] of ordered.entries()) {
    const { ...got } = all[index] ?? {}
    for (const { name, many, of, children } of joins) {
      const expected = sorted(of, children(row))
      const found = got[name]
      if (many && Array.isArray(found))
        assert.deepEqual(sorted(of, found as readonly Row[]), expected, `${table.name} ${order} ${name}`)
      else assert.deepEqual(found, expected[0] ?? (many ? [] : null), `${table.name} ${name}`)
      delete (got as { [name: string]: Json })[name]
    }
    assert.deepEqual(got, plain(row))
  }

  // Each relation by itself: a page of parents, and the first children of each in an order.
  for (const { name, many, of, children } of joins.filter((each) => each.many)) {
    const page = await rowsOf(opened, `GET ${table.name}`, {
      related: name,
      order,
      limit: '5',
      offset: '1',
      fields: order,
      [`${name}.fields`]: of.key.join(','),
      [`${name}.order`]: of.key.map((column) => `${column} desc`).join(','),
      [`${name}.limit`]: '2',
    })
    for (const [index, row] of ordered.slice(1, 6).entries()) {
      const keys = children(row)
        .toSorted(
          (a, b) => of.key.map((column) => Number(b[column]) - Number(a[column])).find((each) => each !== 0) ?? 0,
        )
        .slice(0, 2)
        .map((child) => Object.fromEntries(of.key.map((column) => [column, child[column]])))
      const found = page[index]?.[name]
      assert.deepEqual(
        Array.isArray(found) || !many ? found : [found],
        keys,
        `${table.name} ${name} of ${keyOf(table, row)}`,
      )
    }
  }
}
