/**
 * An empty DynamoDB for tests: a region of the server at TEST_DYNAMODB_URL where that is set, whose tables are dropped, else a private
 * dynalite.
 */
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ConfigValues } from 'dataferry/sdk'
import { freePort } from '../../bench/process.ts'
import { dataFolder, ended, running } from '../../bench/servers/private.ts'

export interface Dynamo {
  readonly kind: 'given' | 'dynalite'
  /** Configuration of a service of it. */
  readonly config: ConfigValues
  /** Of a private server: ends it at once, and starts it again on the same port and data. null for a given one. */
  readonly kill: (() => Promise<void>) | null
  readonly start: (() => Promise<void>) | null
  stop(): Promise<void>
}

/** Each is a database of its own on a given server. */
const regions = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'eu-north-1',
]
let databases = 0

const configOf = (endpoint: string): ConfigValues => ({
  region: regions[databases++ % regions.length] ?? '',
  key: 'AKIATESTTESTTEST',
  secret: 'a/secret+of/tests',
  endpoint,
})

/** Stop it in `after`. */
export async function dynamodb(): Promise<Dynamo> {
  const given = process.env.TEST_DYNAMODB_URL
  if (given) return { kind: 'given', config: configOf(given), kill: null, start: null, stop: async () => {} }
  const folder = dataFolder('dataferry-dynamo-', {})
  const port = await freePort()
  const server = fileURLToPath(new URL('dynamodb-server.ts', import.meta.url))
  const begin = () => running(process.execPath, [server, String(port), folder], port, { cwd: folder })
  let child = await begin()
  return {
    kind: 'dynalite',
    config: configOf(`http://127.0.0.1:${port}`),
    kill: () => ended(child, 'SIGKILL'),
    start: async () => {
      child = await begin()
    },
    stop: async () => {
      await ended(child, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
