/** Paging by cursor over numbers that JSON has no word for, and others at the ends of their types: each row comes once, and in order. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { answerOf, houseHost, type Opened, requestOf } from 'dataferry/conformance'
import type { Json } from 'dataferry/sdk'
import type { Server } from './server.ts'

/** A column's type in the database, and SQL literals of values in ascending order. */
export interface Measured {
  readonly type: string
  readonly values: readonly string[]
}

export function paging({ subject }: Server, columns: readonly Measured[]): void {
  describe(`${subject.name}: pages of numbers`, () => {
    let opened: Opened
    before(async () => {
      opened = await subject.open(await houseHost(), {})
      for (const [at, { type, values }] of columns.entries()) {
        await opened.sql?.(`create table measured_${at} (id integer not null primary key, v ${type})`)
        // Each value twice, so that the key decides too; ids in no order of the values.
        const rows = [...values, ...values, 'null', 'null'].map((value, i) => `(${(i * 7) % 101}, ${value})`)
        await opened.sql?.(`insert into measured_${at} values ${rows.join(', ')}`)
      }
    })
    after(() => opened?.close())

    for (const [at, { type }] of columns.entries()) {
      for (const order of ['v', 'v desc', 'v nulls first', 'v desc nulls last', 'id', '']) {
        for (const limit of [1, 3]) {
          test(`${type} in the order '${order}', ${limit} at a time`, async () => {
            const table = `GET measured_${at}`
            const by = order === '' || order === 'id' ? 'id' : `${order},id`
            const expected = await answerOf(
              opened.service,
              requestOf({ ask: table, query: { order: by, fields: 'id' } }),
            )
            const rows: Json[] = []
            for (let cursor: Json | undefined = '*'; typeof cursor === 'string'; ) {
              const query = { fields: 'id', limit: String(limit), cursor, ...(order !== '' && { order }) }
              const { status, body } = await answerOf(opened.service, requestOf({ ask: table, query }))
              assert.equal(status, 200, JSON.stringify(body))
              const page = body as {
                readonly resource: Json[]
                readonly meta?: { readonly next_cursor?: string }
              }
              rows.push(...page.resource)
              assert.ok(rows.length < 100, 'pages without end')
              cursor = page.meta?.next_cursor
            }
            assert.deepEqual({ resource: rows }, expected.body)
          })
        }
      }
    }
  })
}
