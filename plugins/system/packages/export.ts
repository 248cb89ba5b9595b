/**
 * Makes a package (control-plane 4.8): a zip file with the manifest, `{service}/{resource}.json` for records, a zip file for each
 * folder. Secrets are in it only when it is secured by a password, and then it is encrypted (AES-256); passwords of people never are.
 */
import { hostname } from 'node:os'
import { isMembers, type Members } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  contentDisposition,
  encodeJson,
  type Json,
  type ZipInput,
  zipOf,
} from 'dataferry/sdk'
import { readConfig } from '../snapshot/compile.ts'
import { numberAt, textAt } from '../store/columns.ts'
import { mask } from '../store/secrets.ts'
import type { StoreRow } from '../store/tables.ts'
import { plainTime } from '../store/time.ts'
import { configKind, openConfig } from '../types/service-config.ts'
import { askService, fileStore, filesOf, type PackageDeps, recordsIn } from './deps.ts'
import { type Kind, keyOf, kinds, picked, referred } from './kinds.ts'
import { manifestHead, manifestName, servicesIn, textsIn } from './manifest.ts'

/** Rows of one request to a service. */
const portion = 1_000

interface Wanted {
  readonly manifest: Members
  readonly password: string | null
}

/** Stores the package, or answers its bytes with `download`. */
export async function exportPackage(
  request: ApiRequest,
  sent: Members,
  download: boolean,
  deps: PackageDeps,
  signal: AbortSignal,
): Promise<ApiReply> {
  const password = passwordIn(sent)
  const { folder, name, service } = targetIn(sent)
  const store = download ? null : await fileStore(deps, await serviceName(service, deps))
  const records = await selectedRecords(servicesIn(sent), password !== null, deps)
  const entries = contentsOf(request, { manifest: sent, password }, records, deps, signal)
  const bytes = zipOf(entries, { password })
  if (store === null) {
    const headers = { 'content-disposition': contentDisposition(name) }
    return { status: 200, headers, body: { kind: 'opaque', type: 'application/zip', length: null, bytes } }
  }
  const path = folder === '' ? name : `${folder}/${name}`
  await store.store(path, bytes, request.caller)
  const isPublic = store.isPublic(path)
  const at = isPublic ? '' : `/${deps.settings.api.routePrefix}/v2`
  const url = `${request.origin}${at}/${await serviceName(service, deps)}/${path.split('/').map(encodeURIComponent).join('/')}`
  return { status: 200, headers: {}, body: { kind: 'value', value: { success: true, path: url, is_public: isPublic } } }
}

export function passwordIn(sent: Members): string | null {
  const { password = null } = sent
  if (password === null || password === '') {
    if (sent.secured === true) throw new BadRequest('A secured package needs a password.')
    return null
  }
  if (typeof password !== 'string' || password.length < 6)
    throw new BadRequest('The password of a package must have at least 6 characters.')
  return password
}

function targetIn({ storage = null }: Members): {
  readonly service: string | number
  readonly folder: string
  readonly name: string
} {
  const given = isMembers(storage) ? storage : {}
  const text = (name: string): string | null => {
    const value = given[name] ?? null
    if (value !== null && typeof value !== 'string') throw new BadRequest(`The ${name} of the storage must be a text.`)
    return value === '' ? null : value
  }
  const stamp = plainTime(new Date()).replace(' ', '_').replaceAll(':', '.')
  const name = text('filename') ?? `${hostname()}_${stamp}`
  const service = typeof given.id === 'number' ? given.id : (text('name') ?? 'files')
  const folder = (text('folder') ?? '__EXPORTS').replace(/^\/+|\/+$/g, '')
  return { service, folder, name: /\.zip$/i.test(name) ? name : `${name}.zip` }
}

async function serviceName(service: string | number, { snapshot }: PackageDeps): Promise<string> {
  if (typeof service === 'string') return service
  const found = snapshot().servicesById.get(service)
  if (found === undefined) throw new BadRequest(`There is no service with the id ${service}.`)
  return found.name
}

type Selected = ReadonlyMap<Kind, readonly Members[]>

/** All before the first byte is written, so that what is asked wrongly is told. */
async function selectedRecords(services: Members, secured: boolean, deps: PackageDeps): Promise<Selected> {
  const wanted = isMembers(services.system) ? services.system : {}
  const unknown = Object.keys(wanted).find((name) => !kinds.some((kind) => kind.name === name))
  if (unknown !== undefined) throw new BadRequest(`A package can not hold '${unknown}' of the system.`)
  const selected = new Map<Kind, readonly Members[]>()
  for (const kind of kinds) {
    const given = wanted[kind.name]
    if (given === undefined || given === null) continue
    const rows = await deps.store.rows(kind.table, kind.where)
    const chosen = chosenRows(kind, rows, given)
    const records: Members[] = []
    for (const row of chosen) records.push(await recordOf(kind, row, secured, deps))
    selected.set(kind, records)
  }
  return selected
}

/** Entries are names, ids, or objects with what the kind is known by. */
function chosenRows(kind: Kind, rows: readonly StoreRow[], given: Json): readonly StoreRow[] {
  if (given === '*' || given === true) return rows
  if (!Array.isArray(given)) throw new BadRequest(`The manifest's system.${kind.name} must be a list.`)
  return given.map((entry: Json) => {
    const wanted = isMembers(entry) ? (entry[kind.key] ?? entry.id ?? null) : entry
    const found = rows.find((row) =>
      typeof wanted === 'number'
        ? numberAt(row, 'id') === wanted
        : keyOf(kind, row).toLowerCase() === String(wanted).toLowerCase(),
    )
    if (found === undefined) throw new BadRequest(`There is no ${kind.name} '${String(wanted)}'.`)
    return found
  })
}

async function recordOf(kind: Kind, row: StoreRow, secured: boolean, deps: PackageDeps): Promise<Members> {
  const relations = [
    ...kind.children.map(({ relation }) => relation),
    ...kind.fields.filter((name) => name.includes('_by_service_id')),
  ]
  const shown = await shownRecord(kind, row, relations, deps)
  const record: { [name: string]: Json } = { id: row.id ?? null, ...picked(shown, kind.fields) }
  if (kind.name === 'service') record.config = configOf(row, secured, deps)
  // A key is a credential.
  if (kind.name === 'app' && !secured) delete record.api_key
  for (const { relation, fields } of kind.children) {
    const rows = shown[relation]
    record[relation] = (Array.isArray(rows) ? rows.filter(isMembers) : [])
      .map((each) => picked(each, fields))
      .filter((each) => each.value !== mask)
  }
  if (record.service_doc_by_service_id === null) delete record.service_doc_by_service_id
  return record
}

async function shownRecord(
  kind: Kind,
  row: StoreRow,
  relations: readonly string[],
  { ask }: PackageDeps,
): Promise<Members> {
  if (kind.name === 'custom')
    return { name: row.name ?? null, value: await ask('GET', ['custom', textAt(row, 'name')], null) }
  const query = new Map<string, Json>([['fields', '*']])
  if (relations.length > 0) query.set('related', relations.join(','))
  const shown = await ask('GET', [kind.name, String(row.id)], null, query)
  return isMembers(shown) ? shown : {}
}

/** Without the secrets, unless the package is secured. */
function configOf(row: StoreRow, secured: boolean, { types, secrets }: PackageDeps): Json {
  const kind = configKind(textAt(row, 'type'), types)
  const stored = readConfig(row.config ?? null)
  if (stored === null) return null
  if (secured) return openConfig(kind, stored, secrets)
  const isSecret = (name: string): boolean =>
    kind?.schema?.some((field) => field.name === name && (field.secret !== undefined || field.type === 'password')) ??
    false
  return Object.fromEntries(
    Object.entries(stored).filter(([name, value]) => !isSecret(name) && !(isMembers(value) && '$sealed' in value)),
  )
}

async function* contentsOf(
  request: ApiRequest,
  { manifest, password }: Wanted,
  records: Selected,
  deps: PackageDeps,
  signal: AbortSignal,
): AsyncGenerator<ZipInput> {
  const services = servicesIn(manifest)
  const head = { ...manifestHead(deps, password !== null), description: manifest.description ?? '' }
  yield json(manifestName, { ...head, service: services, names: await namesOf(deps) })
  for (const [kind, list] of records) yield json(`system/${kind.name}.json`, list)
  for (const [name, wanted] of Object.entries(services)) {
    if (name === 'system') continue
    const files = await filesOf(deps, name)
    if (files !== null) {
      for (const path of textsIn(wanted, name) ?? (await files.folders(request.caller, false, signal)))
        yield* filesUnder(name, path, request, deps, signal)
    } else if (isMembers(wanted)) yield* tablesOf(name, wanted, request, deps, signal)
  }
}

async function* filesUnder(
  service: string,
  path: string,
  { caller }: ApiRequest,
  deps: PackageDeps,
  signal: AbortSignal,
): AsyncGenerator<ZipInput> {
  const files = await fileStore(deps, service)
  const folders = await files.folders(caller, true, signal)
  const plain = path.replace(/^\/+|\/+$/g, '')
  if (path.endsWith('/') || folders.includes(plain))
    yield { path: `${service}/${plain}.zip`, bytes: await files.pack(plain, caller, signal) }
  else yield { path: `${service}/${plain}`, bytes: (await files.open(plain, caller, signal)).bytes }
}

async function* tablesOf(
  service: string,
  wanted: Members,
  request: ApiRequest,
  deps: PackageDeps,
  signal: AbortSignal,
): AsyncGenerator<ZipInput> {
  const all = async (): Promise<readonly string[]> => {
    const listed = await askService(deps, request, { verb: 'GET', service, path: ['_schema'] }, signal)
    return recordsIn(listed, request.output.wrapperName).map(({ name }) => String(name))
  }
  const schemas: Json[] = []
  for (const table of textsIn(wanted._schema, `${service}._schema`) ?? (await all()))
    schemas.push(await askService(deps, request, { verb: 'GET', service, path: ['_schema', table] }, signal))
  if (schemas.length > 0) yield json(`${service}/_schema.json`, schemas)
  for (const table of textsIn(wanted._table, `${service}._table`) ?? (await all()))
    yield { path: `${service}/_table/${table}.json`, bytes: rowsOf(service, table, request, deps, signal) }
}

/** A JSON list, a page of rows at a time. */
async function* rowsOf(
  service: string,
  table: string,
  request: ApiRequest,
  deps: PackageDeps,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const described = await askService(deps, request, { verb: 'GET', service, path: ['_schema', table] }, signal)
  const fields = isMembers(described) && Array.isArray(described.field) ? described.field.filter(isMembers) : []
  const key = fields.filter((field) => field.is_primary_key === true).map(({ name }) => String(name))
  let before = '['
  for (let offset = 0; ; ) {
    const query = new Map<string, Json>([
      ['limit', portion],
      ['offset', offset],
      ...(key.length > 0 ? [['order', key.join(',')] as const] : []),
    ])
    const page = await askService(deps, request, { verb: 'GET', service, path: ['_table', table], query }, signal)
    const rows = recordsIn(page, request.output.wrapperName)
    if (rows.length === 0) break
    yield Buffer.from(before + rows.map((row) => Buffer.from(encodeJson(row)).toString('utf8')).join(','))
    before = ','
    offset += rows.length
  }
  yield Buffer.from(before === '[' ? '[]' : ']')
}

/** The names of everything that a record could refer to by an id of this server. */
async function namesOf({ store }: PackageDeps): Promise<Members> {
  const names: { [kind: string]: Json } = {}
  for (const name of referred) {
    const kind = kinds.find((each) => each.name === name)
    if (kind === undefined) continue
    const rows = await store.rows(kind.table, name === 'user' ? {} : kind.where)
    names[name] = Object.fromEntries(rows.map((row) => [String(row.id), keyOf(kind, row)]))
  }
  return names
}

function json(path: string, value: Json): ZipInput {
  return {
    path,
    bytes: (async function* () {
      yield Buffer.from(encodeJson(value))
    })(),
  }
}
