/** Apps: API keys and the addresses that they launch (control-plane 2.1). */
import { randomBytes } from 'node:crypto'
import { BadRequest, type Json } from 'dataferry/sdk'
import { numberAt, optionalAt, optionalNumberAt } from '../store/columns.ts'
import type { StoreRow } from '../store/tables.ts'
import { checkText, Problems, textOf } from './validation.ts'
import { flagOf, integerOf, referenceOf } from './values.ts'

type Members = { readonly [name: string]: Json }

const types = { none: 0, storage: 1, url: 2, path: 3, git: 4 } as const
const keyLeast = 64

export function newApiKey(): string {
  return randomBytes(32).toString('hex')
}

/** The columns of what was sent. On create a missing key is made. */
export function appValues(sent: Members, creates: boolean): StoreRow {
  const problems = new Problems()
  const values: { [column: string]: Json } = {}
  if (creates || 'name' in sent) values.name = checkText(problems, 'name', sent.name, { required: true, most: 64 })
  const key = checkText(problems, 'api_key', sent.api_key, { least: keyLeast, most: 255, pattern: alphanumeric })
  if (key !== null) values.api_key = key
  else if (creates) values.api_key = newApiKey()
  for (const [field, most] of [
    ['description', 255],
    ['path', 255],
    ['url', 255],
    ['storage_container', 255],
  ] as const) {
    if (field in sent) values[field] = checkText(problems, field, sent[field], { most })
  }
  if ('toggle_location' in sent)
    values.toggle_location = checkText(problems, 'toggle_location', sent.toggle_location, { most: 64 }) ?? 'top'
  for (const [field, preset] of [
    ['is_active', false],
    ['requires_fullscreen', false],
    ['allow_fullscreen_toggle', true],
  ] as const) {
    if (field in sent) values[field] = flagOf(field, sent[field] ?? null, preset)
  }
  if ('type' in sent) values.type = typeOf(sent.type ?? null)
  for (const field of ['storage_service_id', 'role_id']) {
    if (field in sent) values[field] = referenceOf(field, sent[field] ?? null)
  }
  problems.throwIfAny()
  return values
}

const alphanumeric = { test: /^[A-Za-z0-9]+$/, message: 'The api key field must only contain letters and numbers.' }

function typeOf(value: Json): number {
  const type = integerOf('type', value) ?? types.none
  if (!Object.values<number>(types).includes(type))
    throw new BadRequest(`Unknown app type '${textOf(value) ?? ''}': 0 none, 1 storage service, 2 URL, 3 path, 4 git.`)
  return type
}

/**
 * `launch_url` of what is shown: '' where type, url or path are not among it. `origin` is scheme and host as the client sees them;
 * `serviceName` names a storage service.
 */
export function launchUrl(shown: StoreRow, origin: string, serviceName: (id: number) => string | null): string {
  if (shown.type === undefined || shown.url === undefined || shown.path === undefined) return ''
  const path = (optionalAt(shown, 'path') ?? '').replace(/^\/+/, '')
  switch (numberAt(shown, 'type')) {
    case types.url:
      return optionalAt(shown, 'url') ?? ''
    case types.path:
      return `${origin}/${path}`
    case types.storage: {
      const id = optionalNumberAt(shown, 'storage_service_id')
      const service = id === null ? null : serviceName(id)
      const container = optionalAt(shown, 'storage_container')
      return service === null
        ? ''
        : `${origin}/${[service, container, path].filter((part) => part !== null && part !== '').join('/')}`
    }
    default:
      return ''
  }
}
