/** The configuration of a SOAP service (control-plane 5.3, 8.2), typed. */
import {
  BadRequest,
  type ConfigField,
  type ConfigSchema,
  type ConfigValues,
  configField,
  configRows,
  configText,
  isConfigRow,
} from 'dataferry/sdk'

const choices = (...names: readonly string[]): Partial<ConfigField> => ({
  values: names.map((name) => ({ label: name.slice(0, 1).toUpperCase() + name.slice(1), name })),
  default: names[0] ?? null,
})

export const soapConfig: ConfigSchema = [
  configField('wsdl', 'WSDL URI', 'string', {
    description: 'The URL of the WSDL, or the path of its file below the folder of local files.',
  }),
  configField('options', 'Options', 'object', {
    object: { key: { label: 'Name', type: 'string' }, value: { label: 'Value', type: 'string' } },
  }),
  configField('headers', 'Headers', 'array', {
    items: [
      configField('type', 'Type', 'picklist', choices('generic', 'wsse')),
      configField('namespace', 'Namespace', 'string'),
      configField('name', 'Name', 'string'),
      configField('data', 'Data', 'text'),
      configField('mustunderstand', 'Mustunderstand', 'boolean', { default: false }),
      configField('actor', 'Actor', 'string'),
    ],
  }),
  configField('wsse_username_token', 'WSSE Username Token', 'picklist', choices('none', 'plain', 'digest')),
  configField('cache_enabled', 'Data Retrieval Caching Enabled', 'boolean', { default: false }),
  configField('cache_ttl', 'Cache Time To Live (seconds)', 'integer', { default: 0 }),
]

export interface SoapHeader {
  readonly namespace: string
  readonly name: string
  /** A JSON object is elements, anything else text. */
  readonly data: string
  readonly mustUnderstand: boolean
  readonly actor: string
}
export interface Soap {
  readonly wsdl: string
  readonly headers: readonly SoapHeader[]
  readonly usernameToken: 'none' | 'plain' | 'digest'
  readonly login: string | null
  readonly password: string
  /** In the place of the address that the WSDL tells. */
  readonly location: string | null
  readonly version12: boolean
  /** Milliseconds. */
  readonly connectMs: number | null
  readonly verifyPeer: boolean
}

export function readSoap(config: ConfigValues): Soap {
  const options = isConfigRow(config.options) ? config.options : {}
  const token = configText(config.wsse_username_token)
  const timeout = Number(options.connection_timeout ?? 0)
  return {
    wsdl: configText(config.wsdl).trim(),
    headers: configRows(config.headers).map((row) => ({
      namespace: configText(row.namespace),
      name: configText(row.name),
      data: configText(row.data),
      mustUnderstand: row.mustunderstand === true,
      actor: configText(row.actor),
    })),
    usernameToken: token === 'plain' || token === 'digest' ? token : 'none',
    login: configText(options.login) || null,
    password: configText(options.password),
    location: configText(options.location) || null,
    version12: /^(2|1\.2|SOAP_1_2)$/.test(configText(options.soap_version)),
    connectMs: timeout > 0 ? timeout * 1000 : null,
    verifyPeer: !/^(0|false|no)$/i.test(configText(options.verify_peer)),
  }
}

/** PHP's names, as far as they mean something here; `uri`, `trace` and the like are understood and change nothing. */
const known: ReadonlySet<string> = new Set([
  'soap_version',
  'login',
  'password',
  'location',
  'connection_timeout',
  'verify_peer',
  'uri',
  'style',
  'use',
  'encoding',
  'trace',
  'exceptions',
  'cache_wsdl',
  'features',
  'keep_alive',
  'compression',
  'user_agent',
])

/** What is wrong with a configuration, when it is saved. */
export function checkSoap(config: ConfigValues): void {
  const soap = readSoap(config)
  if (isConfigRow(config.options)) {
    const unknown = Object.keys(config.options).find((name) => !known.has(name))
    if (unknown !== undefined)
      throw new BadRequest(
        `The setting 'options' has no option '${unknown.slice(0, 64)}'. It may have ${[...known].join(', ')}.`,
      )
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(soap.wsdl) && !/^https?:\/\//i.test(soap.wsdl))
    throw new BadRequest(
      "The setting 'wsdl' (WSDL URI) must be an http or https URL, or a path below the folder of local files.",
    )
  for (const { name } of soap.headers) {
    if (!/^[A-Za-z_][\w.-]*$/.test(name)) throw new BadRequest(`'${name.slice(0, 64)}' is no name of a SOAP header.`)
  }
  if (soap.usernameToken !== 'none' && soap.login === null)
    throw new BadRequest("A username token needs the options 'login' and 'password'.")
}
