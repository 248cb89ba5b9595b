import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BadRequest, type Json } from 'dataferry/sdk'
import { databaseFile } from '../../../connectors/sqlite/location.ts'

const storage = '/data/databases'

const found: [name: string, file: string][] = [
  ['hr.sqlite', '/data/databases/hr.sqlite'],
  ['  hr.sqlite ', '/data/databases/hr.sqlite'],
  ['year/2026.db', '/data/databases/year/2026.db'],
  ['a/../b.db', '/data/databases/b.db'],
  ['..hidden', '/data/databases/..hidden'],
  ['/srv/shop.db', '/srv/shop.db'],
]
for (const [name, file] of found) {
  test(`${JSON.stringify(name)} is found`, () => assert.equal(databaseFile({ database: name }, storage), file))
}

const missing = 'Database connection information must contain at least database name.'
const refused: [name: Json | undefined, message: RegExp | string][] = [
  [undefined, missing],
  [null, missing],
  ['', missing],
  ['  ', missing],
  [7, missing],
  ['..', /must stay inside/],
  ['../other.db', /must stay inside/],
  ['a/../../other.db', /must stay inside/],
  ['a/..', /must stay inside/],
  ['folder/', /is that of a folder/],
  ['a\0b', /zero character/],
  [':memory:', /in memory/],
]
for (const [name, message] of refused) {
  test(`${JSON.stringify(name)} is refused`, () => {
    assert.throws(
      () => databaseFile(name === undefined ? {} : { database: name }, storage),
      (thrown: unknown) => {
        assert.ok(thrown instanceof BadRequest)
        assert.ok(
          typeof message === 'string' ? thrown.message === message : message.test(thrown.message),
          thrown.message,
        )
        assert.ok(!thrown.message.includes(storage))
        return true
      },
    )
  })
}
