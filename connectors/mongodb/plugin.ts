/** The MongoDB connector: MongoDB, and what speaks its protocol. */
import { documentStore } from 'dataferry/document'
import { type RecordService, recordService } from 'dataferry/records'
import type { ConfigValues, Plugin, ServiceHost } from 'dataferry/sdk'
import { MongoAdapter } from './adapter.ts'
import { checkMongo, mongoConfig, readMongo } from './config.ts'

/** For `ServiceType.create`. No I/O: the first use connects. */
export function mongoService(config: ConfigValues, host: ServiceHost): RecordService {
  const { settings } = host
  const adapter = new MongoAdapter(() => readMongo(config), settings.records.statementTimeoutMs)
  const store = documentStore(adapter, {
    wrapperName: settings.api.wrapper,
    numericIds: config.id_type === 'int',
    idType: 'ObjectId',
  })
  return recordService(store, { host, config })
}

const plugin: Plugin = {
  name: 'mongodb',
  api: 1,
  types: [
    {
      name: 'mongodb',
      label: 'MongoDB',
      group: 'Database',
      description: 'Database service for MongoDB connections.',
      config: mongoConfig,
      body: 'value',
      check: checkMongo,
      create: mongoService,
    },
  ],
}
export default plugin
