/** A DynamoDB service for the tests of this folder. */
import { DynamoDB } from '@aws-sdk/client-dynamodb'
import { answerOf, type Case, houseHost, requestOf } from 'dataferry/conformance'
import type { ConfigValues, Json, Service } from 'dataferry/sdk'
import { dynamoService } from '../../../connectors/dynamodb/plugin.ts'
import type { Dynamo } from '../../support/dynamodb.ts'

type Asked = Pick<Case, 'ask' | 'query' | 'body' | 'as'>

export interface TestService {
  readonly service: Service
  /** Past the service. */
  readonly db: DynamoDB
  ask(asked: Asked): ReturnType<typeof answerOf>
  close(): Promise<void>
}

/** The driver, past every service. */
export const driver = ({ config }: Dynamo): DynamoDB =>
  new DynamoDB({
    region: String(config.region),
    endpoint: String(config.endpoint),
    credentials: { accessKeyId: String(config.key), secretAccessKey: String(config.secret) },
  })

/** With tables of the key `_id`. */
export async function openService(
  dynamo: Dynamo,
  tables: readonly string[] = [],
  config: ConfigValues = {},
): Promise<TestService> {
  const db = driver(dynamo)
  const service = dynamoService({ ...dynamo.config, ...config }, await houseHost())
  const ask: TestService['ask'] = (asked) => answerOf(service, requestOf(asked))
  for (const name of tables) {
    const { status } = await ask({ ask: 'POST _schema', body: { resource: [{ name }] } })
    if (status !== 200) throw new Error(`The table ${name} could not be made.`)
  }
  return {
    service,
    db,
    ask,
    async close() {
      await service.close()
      await dropTables(dynamo)
      db.destroy()
    },
  }
}

export async function dropTables(dynamo: Dynamo): Promise<void> {
  const db = driver(dynamo)
  const { TableNames = [] } = await db.listTables({})
  for (const TableName of TableNames) await db.deleteTable({ TableName })
  while (((await db.listTables({})).TableNames ?? []).length > 0) await new Promise((done) => setTimeout(done, 10))
  db.destroy()
}

/** The rows of a list. */
export const rowsOf = ({ body }: Awaited<ReturnType<typeof answerOf>>): readonly { readonly [name: string]: Json }[] =>
  (body as { readonly resource: readonly { readonly [name: string]: Json }[] }).resource
