/** The DynamoDB connector: AWS DynamoDB, and what speaks its language. */
import { documentStore } from 'dataferry/document'
import { type RecordService, recordService } from 'dataferry/records'
import type { ConfigValues, Plugin, ServiceHost } from 'dataferry/sdk'
import { DynamoAdapter } from './adapter.ts'
import { DynamoClient } from './client.ts'
import { checkDynamo, dynamoConfig, readDynamo } from './config.ts'

/** For `ServiceType.create`. No I/O: the first use loads the driver and connects. */
export function dynamoService(config: ConfigValues, host: ServiceHost): RecordService {
  const { settings } = host
  const client = new DynamoClient(() => readDynamo(config), settings.records.statementTimeoutMs)
  const numericIds = config.id_type === 'int'
  const adapter = new DynamoAdapter(client, numericIds)
  const store = documentStore(adapter, {
    wrapperName: settings.api.wrapper,
    numericIds,
    idType: numericIds ? 'N' : 'S',
    can: { natural: true },
  })
  return recordService(store, { host, config })
}

const plugin: Plugin = {
  name: 'dynamodb',
  api: 1,
  types: [
    {
      name: 'aws_dynamodb',
      label: 'AWS DynamoDB',
      group: 'Database',
      description: 'Database service for AWS DynamoDB.',
      config: dynamoConfig,
      body: 'value',
      check: checkDynamo,
      create: dynamoService,
    },
  ],
}
export default plugin
