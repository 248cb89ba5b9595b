/** Relations to another service on pairs of databases: conditions on its fields, and records written there along (docs/records.md). */
import { after, before, describe } from 'node:test'
import { mysqlServer } from '../../../conformance/mysql.ts'
import { postgresServer } from '../../../conformance/postgres.ts'
import { sqliteServer } from '../../../conformance/sqlite.ts'
import { mysql, postgres } from '../../../support/databases.ts'
import { filters } from './filters.ts'
import { openShop, type Shop } from './shop.ts'
import { writes } from './writes.ts'

const foundPostgres = await postgres()
const foundMysql = await mysql()
after(async () => {
  await foundPostgres.database?.stop()
  await foundMysql.database?.stop()
})

const sqlite = sqliteServer()
const pg = foundPostgres.database && postgresServer(foundPostgres.database)
const maria = foundMysql.database && mysqlServer(foundMysql.database)

const pairs = [
  // Where there is nothing else.
  { here: sqlite, there: sqlite, ids: [11, 25], skip: foundPostgres.database !== null && foundMysql.database !== null },
  { here: sqlite, there: pg, ids: [11, 5], skip: foundPostgres.skip },
  { here: pg, there: maria, ids: [11, 25], skip: foundPostgres.skip || foundMysql.skip },
  { here: maria, there: sqlite, ids: [11, 5], skip: foundMysql.skip },
] as const

for (const { here, there, ids, skip } of pairs) {
  if (!here || !there || skip === true) continue
  describe(`${here.subject.name} to ${there.subject.name}`, { skip }, () => {
    let shop: Shop
    before(async () => {
      shop = await openShop(here, there, ids)
      await shop.reset()
    })
    after(() => shop.close())
    describe('conditions', () => filters(() => shop))
    describe('writes', () => writes(() => shop, here.subject.name))
  })
}
