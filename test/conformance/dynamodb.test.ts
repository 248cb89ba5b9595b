// The document cases of the conformance suite on DynamoDB, or on what speaks its language on this machine.
import { conformance } from 'dataferry/conformance'
import { dynamoService } from '../../connectors/dynamodb/plugin.ts'
import { dropTables } from '../connectors/dynamodb/service.ts'
import { dynamodb } from '../support/dynamodb.ts'

conformance({
  name: `DynamoDB (${process.env.TEST_DYNAMODB_URL ? 'given' : 'dynalite'})`,
  documents: true,
  lax: ['generated', 'native'],
  async open(host, config) {
    const dynamo = await dynamodb()
    const service = dynamoService({ ...dynamo.config, ...config }, host)
    return {
      service,
      async close() {
        await service.close()
        await dropTables(dynamo)
        await dynamo.stop()
      },
    }
  },
})
