/** The configuration of a remote web service (control-plane 5.3, 8.1), typed: what is sent, to where, and by which rules. */
import {
  BadRequest,
  type ConfigField,
  type ConfigSchema,
  type ConfigValues,
  configField,
  configRows,
  configText,
  type Verb,
  verbBits,
} from 'dataferry/sdk'
import { type CurlOptions, readCurlOptions } from './curl.ts'

const nameAndValue = { key: { label: 'Name', type: 'string' }, value: { label: 'Value', type: 'string' } }
const off: Partial<ConfigField> = { default: false }
const verbs: Partial<ConfigField> = { default: 0 }

export const rwsConfig: ConfigSchema = [
  configField('base_url', 'Base URL', 'text'),
  configField('replace_link', 'Replace Hyperlinks', 'boolean', off),
  configField('implements_access_list', 'Remote Implements Access List', 'boolean', off),
  configField(
    'preserve_forward_trailing_slash',
    'Preserve or add a forward trailing slash to your url',
    'boolean',
    off,
  ),
  configField('options', 'CURL Options', 'object', { object: nameAndValue }),
  configField('parameters', 'Parameters', 'array', {
    items: [
      configField('name', 'Name', 'string'),
      configField('value', 'Value', 'string'),
      configField('exclude', 'Exclude', 'boolean', off),
      configField('outbound', 'Outbound', 'boolean', off),
      configField('cache_key', 'Cache Key', 'boolean', off),
      configField('action', 'Verbs', 'verb_mask', verbs),
    ],
  }),
  configField('headers', 'Headers', 'array', {
    items: [
      configField('name', 'Name', 'string'),
      configField('value', 'Value', 'string'),
      configField('pass_from_client', 'Pass From Client', 'boolean', off),
      configField('action', 'Verbs', 'verb_mask', verbs),
    ],
  }),
  configField('cache_enabled', 'Data Retrieval Caching Enabled', 'boolean', off),
  configField('cache_ttl', 'Cache Time To Live (seconds)', 'integer', { default: 0 }),
]

/** A row of `parameters`: one that is added, or (`exclude`) one of the client's that is held back. */
export interface ParameterRule {
  readonly name: string
  readonly value: string
  readonly exclude: boolean
  readonly outbound: boolean
  readonly cacheKey: boolean
  readonly action: number
}
/** A row of `headers`. */
export interface HeaderRule {
  /** Lower case. */
  readonly name: string
  readonly value: string
  readonly passFromClient: boolean
  readonly action: number
}
export interface Remote {
  /** As it was written; '' when the service's document tells it. */
  readonly baseUrl: string
  readonly replaceLink: boolean
  readonly implementsAccessList: boolean
  readonly trailingSlash: boolean
  readonly parameters: readonly ParameterRule[]
  readonly headers: readonly HeaderRule[]
  readonly options: CurlOptions
  /** Milliseconds that an answer may be given again; null: never. */
  readonly cacheMs: number | null
}

/** Seconds, when caching is on and no time is given. */
const usualTtl = 300

/** @throws InternalError for an option that is none. */
export function readRemote(config: ConfigValues): Remote {
  const ttl = Number(config.cache_ttl ?? 0)
  return {
    baseUrl: configText(config.base_url).trim(),
    replaceLink: config.replace_link === true,
    implementsAccessList: config.implements_access_list === true,
    trailingSlash: config.preserve_forward_trailing_slash === true,
    parameters: configRows(config.parameters).map((row) => ({
      name: configText(row.name),
      value: configText(row.value),
      exclude: row.exclude === true,
      outbound: row.outbound !== false,
      cacheKey: row.cache_key !== false,
      action: Number(row.action ?? 0),
    })),
    headers: configRows(config.headers).map((row) => ({
      name: configText(row.name).trim().toLowerCase(),
      value: configText(row.value),
      passFromClient: row.pass_from_client === true,
      action: Number(row.action ?? 0),
    })),
    options: readCurlOptions(config.options),
    cacheMs: config.cache_enabled === true ? (ttl > 0 ? ttl : usualTtl) * 1000 : null,
  }
}

/** What is wrong with a configuration, when it is saved. */
export function checkRemote(config: ConfigValues): void {
  const { baseUrl, headers } = readRemote(config)
  if (baseUrl !== '') parseBase(baseUrl.replace(/\{[\w.-]+\}/g, 'x'))
  for (const { name } of headers) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
      throw new BadRequest(`The header '${name.slice(0, 64)}' of the setting 'headers' is no name of a header.`)
  }
}

/** @throws BadRequest for what is no http or https URL. */
export function parseBase(baseUrl: string): URL {
  const url = URL.parse(baseUrl)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new BadRequest("The setting 'base_url' (Base URL) must be a URL that begins with http:// or https://.")
  return url
}

export const applies = (rule: { readonly action: number }, verb: Verb): boolean => (rule.action & verbBits[verb]) !== 0
