/** What a service's configuration says about DynamoDB (data-plane 10): the region, the keys of an AWS user, and where else to ask. */
import { BadRequest, type ConfigSchema, type ConfigValues, ServiceUnavailable } from 'dataferry/sdk'
import { settingSecret, settingText, sqlConfigFields } from 'dataferry/sql'

const shared = new Set(['allow_upsert', 'max_records', 'cache_enabled', 'cache_ttl'])

const regions: readonly (readonly [string, string])[] = [
  ['us-east-1', 'US East (N Virginia)'],
  ['us-east-2', 'US East (Ohio)'],
  ['us-west-1', 'US West (N California)'],
  ['us-west-2', 'US West (Oregon)'],
  ['ca-central-1', 'Canada (Central)'],
  ['eu-central-1', 'EU (Frankfurt)'],
  ['eu-west-1', 'EU (Ireland)'],
  ['eu-west-2', 'EU (London)'],
  ['eu-west-3', 'EU (Paris)'],
  ['eu-north-1', 'EU (Stockholm)'],
  ['eu-south-1', 'EU (Milan)'],
  ['ap-south-1', 'Asia Pacific (Mumbai)'],
  ['ap-northeast-1', 'Asia Pacific (Tokyo)'],
  ['ap-northeast-2', 'Asia Pacific (Seoul)'],
  ['ap-northeast-3', 'Asia Pacific (Osaka)'],
  ['ap-southeast-1', 'Asia Pacific (Singapore)'],
  ['ap-southeast-2', 'Asia Pacific (Sydney)'],
  ['ap-east-1', 'Asia Pacific (Hong Kong)'],
  ['sa-east-1', 'South America (Sao Paulo)'],
  ['me-south-1', 'Middle East (Bahrain)'],
  ['af-south-1', 'Africa (Cape Town)'],
]

export const dynamoConfig: ConfigSchema = [
  {
    name: 'region',
    label: 'Region',
    type: 'picklist',
    description: 'The region in which the tables are.',
    values: regions.map(([name, label]) => ({ label, name })),
    required: true,
  },
  {
    name: 'key',
    label: 'Access Key ID',
    type: 'string',
    description:
      'The access key of an AWS user. Where neither key nor secret is given, the surroundings of the server say who it is, as with the AWS tools.',
    secret: 'encrypted',
  },
  {
    name: 'secret',
    label: 'Secret Access Key',
    type: 'password',
    description: 'The secret of the access key.',
    secret: 'masked',
  },
  {
    name: 'endpoint',
    label: 'Endpoint',
    type: 'string',
    description:
      "Instead of the region's own address: that of another server with the same interface, as http(s)://host:port.",
    allow_null: true,
  },
  {
    name: 'proxy',
    label: 'Proxy',
    type: 'string',
    description: 'A proxy for the requests to AWS, as http://host:port.',
    secret: 'encrypted',
    allow_null: true,
  },
  {
    name: 'id_type',
    label: 'Identifier Type',
    type: 'picklist',
    description: 'What the key `_id` of tables is that are made without fields: a text, or a number.',
    allow_null: true,
    values: [
      { label: 'Text', name: 'string' },
      { label: 'Number', name: 'int' },
    ],
  },
  ...sqlConfigFields.filter(({ name }) => shared.has(name)),
]

export interface DynamoSettings {
  readonly region: string
  /** null: as the AWS tools find them. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  readonly endpoint: string | null
  readonly proxy: string | null
}

/** Throws BadRequest saying what to change. */
export function checkDynamo(config: ConfigValues): void {
  if (!/^[a-z0-9-]{4,40}$/.test(settingText(config.region)))
    throw new BadRequest("The region must be one of AWS, for example 'us-east-1'.")
  if ((settingSecret(config.key).trim() === '') !== (settingSecret(config.secret).trim() === ''))
    throw new BadRequest('Access key and secret must be given together, or none of them.')
  for (const name of ['endpoint', 'proxy'] as const) {
    const text = settingSecret(config[name]).trim()
    const url = URL.parse(text)
    if (text !== '' && url?.protocol !== 'http:' && url?.protocol !== 'https:')
      throw new BadRequest(`The ${name} must be an address that begins with http:// or https://.`)
  }
}

/** Throws ServiceUnavailable where the configuration can't be used. */
export function readDynamo(config: ConfigValues): DynamoSettings {
  try {
    checkDynamo(config)
  } catch (thrown) {
    throw new ServiceUnavailable('The configuration of this service can not be used.', { cause: thrown })
  }
  const accessKeyId = settingSecret(config.key).trim()
  const orNull = (text: string): string | null => (text === '' ? null : text)
  return {
    region: settingText(config.region),
    credentials: accessKeyId === '' ? null : { accessKeyId, secretAccessKey: settingSecret(config.secret).trim() },
    endpoint: orNull(settingText(config.endpoint)),
    proxy: orNull(settingSecret(config.proxy).trim()),
  }
}
