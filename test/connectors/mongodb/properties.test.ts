// Random filters, orders and pages on MongoDB give what an evaluation in memory gives.
import { after } from 'node:test'
import { mongodb } from '../../support/mongodb.ts'
import { documentProperties } from '../document/properties.ts'
import { openService } from './service.ts'

const { mongo, skip } = await mongodb()
after(() => mongo?.stop())

documentProperties(
  async () => {
    if (mongo === null) throw new TypeError('There is no server.')
    const service = await openService(mongo)
    await service.db.createCollection('docs')
    return service
  },
  skip,
  (id) => id,
)
