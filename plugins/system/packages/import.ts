/**
 * Reads a package (control-plane 4.8). Each record is written through its resource, whole or not at all, so that the rules of the
 * resource and the audit log hold; what can't be written is told in the log and the rest goes on. Ids of the server where it was made
 * become ids of this one by name.
 */
import { isMembers, type Members } from 'dataferry/records'
import {
  ApiError,
  type ApiRequest,
  BadRequest,
  collect,
  type Json,
  parseJson,
  readZip,
  type ZipEntry,
  type ZipSource,
} from 'dataferry/sdk'
import { reasonOf } from '../resources/reason.ts'
import { numberAt } from '../store/columns.ts'
import type { StoreRow } from '../store/tables.ts'
import { askService, filesOf, type PackageDeps } from './deps.ts'
import { type Kind, kinds, picked, type Referred, withReferences } from './kinds.ts'
import { manifestName, servicesIn } from './manifest.ts'

const entriesMost = 10_000
/** Of one JSON file. */
const jsonBytes = 256 * 1024 * 1024
/** Rows of one request to a service. */
const portion = 500

export interface ImportOptions {
  readonly overwrite: boolean
  readonly password: string | null
}

type Level = 'notice' | 'warning' | 'error'

export class PackageImport {
  readonly #deps: PackageDeps
  readonly #request: ApiRequest
  readonly #signal: AbortSignal
  readonly #overwrite: boolean
  readonly #entries: ReadonlyMap<string, ZipEntry>
  readonly #log: { readonly [L in Level]: string[] } = { notice: [], warning: [], error: [] }
  /** Of records in the package: id there -> name. */
  #names: Members = {}

  private constructor(
    request: ApiRequest,
    entries: readonly ZipEntry[],
    overwrite: boolean,
    deps: PackageDeps,
    signal: AbortSignal,
  ) {
    this.#request = request
    this.#entries = new Map(entries.map((entry) => [entry.path.join('/'), entry]))
    this.#overwrite = overwrite
    this.#deps = deps
    this.#signal = signal
  }

  /** Throws BadRequest for what is no package; everything else is in the log that it answers. */
  static async run(
    source: ZipSource,
    { overwrite, password }: ImportOptions,
    request: ApiRequest,
    deps: PackageDeps,
    signal: AbortSignal,
  ): Promise<{ readonly success: boolean; readonly log: Json }> {
    const limits = { bytes: deps.settings.files.maxExtractBytes, entries: entriesMost }
    const entries = await readZip(source, limits, { password })
    return new PackageImport(request, entries, overwrite, deps, signal).#run()
  }

  async #run(): Promise<{ readonly success: boolean; readonly log: Json }> {
    const manifest = await this.#json(manifestName)
    if (!isMembers(manifest)) throw new BadRequest('The zip file is no package: it has no package.json.')
    const services = servicesIn(manifest)
    const records = new Map<Kind, readonly Members[]>()
    for (const kind of kinds) records.set(kind, await this.#records(kind))
    this.#names = this.#namesIn(manifest, records)
    await this.#system(records)
    for (const name of Object.keys(services)) if (name !== 'system') await this.#told(name, () => this.#service(name))
    return { success: this.#log.error.length === 0, log: this.#log }
  }

  /** Roles come first without their rows, because services name roles, and rows of roles name services. */
  async #system(records: ReadonlyMap<Kind, readonly Members[]>): Promise<void> {
    const fresh = new Set<string>()
    for (const [kind, list] of records) {
      if (kind.name !== 'role') continue
      for (const record of list) {
        const bare = picked(record, kind.fields)
        if ((await this.#there(kind, record)) !== null) continue
        if (await this.#told(label(kind, record), () => this.#deps.ask('POST', [kind.name], { resource: [bare] })))
          fresh.add(nameIn(kind, record))
      }
    }
    for (const [kind, list] of records) {
      if (kind.name === 'role') continue
      for (const record of list) {
        await this.#told(label(kind, record), () => this.#write(kind, record, false))
        this.#signal.throwIfAborted()
      }
      if (kind.name !== 'service') continue
      for (const [roles, them] of records) {
        if (roles.name !== 'role') continue
        for (const role of them)
          await this.#told(label(roles, role), () => this.#write(roles, role, fresh.has(nameIn(roles, role))))
      }
    }
  }

  async #write(kind: Kind, record: Members, completes: boolean): Promise<void> {
    const { ask } = this.#deps
    const there = await this.#there(kind, record)
    if (there !== null && !this.#overwrite && !completes) {
      this.#log.notice.push(`${label(kind, record)}: is there already and stays as it is.`)
      return
    }
    if (kind.key === 'email' && there !== null && there.is_sys_admin !== (kind.name === 'admin'))
      throw new BadRequest('The account is of the other kind here.')
    const whole = await this.#complete(kind, record, there)
    if (kind.name === 'custom') await ask('POST', ['custom'], { resource: [whole] })
    else if (there === null) await ask('POST', [kind.name], { resource: [whole] })
    else await ask('PATCH', [kind.name, String(there.id)], whole)
    this.#log.notice.push(`${label(kind, record)}: ${there === null || completes ? 'created' : 'updated'}.`)
  }

  /** The fields of the kind, with the ids of this server; the rows of a record take the place of those it has. */
  async #complete(kind: Kind, record: Members, there: StoreRow | null): Promise<Members> {
    const fields: { [name: string]: Json } = { ...picked(record, kind.fields) }
    if (kind.name === 'service' && (fields.config === null || Array.isArray(fields.config))) delete fields.config
    if (kind.name === 'app') await this.#checkKey(fields, there)
    const made: { [name: string]: Json } = { ...((await this.#here(fields, label(kind, record))) as Members) }
    for (const { relation, table, owner, fields: own } of kind.children) {
      const sent = record[relation]
      if (!Array.isArray(sent)) continue
      const old = there === null ? [] : await this.#deps.store.rows(table, { [owner]: numberAt(there, 'id') })
      const rows = await Promise.all(
        sent.filter(isMembers).map((row) => this.#here(picked(row, own), label(kind, record), true)),
      )
      made[relation] = [...old.map((row) => ({ id: row.id ?? null, [owner]: null })), ...rows]
    }
    return made
  }

  /** A key that somebody has already is made anew. */
  async #checkKey(fields: { [name: string]: Json }, there: StoreRow | null): Promise<void> {
    const { api_key = null } = fields
    if (api_key === null) return
    const [other] = await this.#deps.store.rows('app', { api_key })
    if (other === undefined || other.id === there?.id) return
    delete fields.api_key
    this.#log.warning.push(`app '${String(fields.name)}': its API key is in use here; it has another one.`)
  }

  /** A value with the references of the package replaced. `strict`: one that leads nowhere is an error, else it is left empty. */
  async #here(value: Json, where: string, strict = false): Promise<Json> {
    const wanted: { readonly to: Referred; readonly id: number }[] = []
    withReferences(value, (to, id) => {
      wanted.push({ to, id })
      return null
    })
    const ids = new Map<string, number | null>()
    for (const { to, id } of wanted) ids.set(`${to} ${id}`, await this.#idOf(to, id))
    return withReferences(value, (to, id) => {
      const found = ids.get(`${to} ${id}`) ?? null
      if (found !== null) return found
      const name = this.#nameOf(to, id)
      const lost = `there is no ${to} ${name === null ? `for the id ${id} of the package` : `'${name}'`} here`
      if (strict) throw new BadRequest(`${lost[0]?.toUpperCase()}${lost.slice(1)}.`)
      this.#log.warning.push(`${where}: ${lost}; the reference is left empty.`)
      return null
    })
  }

  async #idOf(to: Referred, id: number): Promise<number | null> {
    const name = this.#nameOf(to, id)
    const kind = kinds.find((each) => each.name === to)
    if (name === null || kind === undefined) return null
    const row = await this.#there(kind, { [kind.key]: name })
    return row === null ? null : numberAt(row, 'id')
  }

  /** Built-in services and templates have the same ids everywhere (control-plane 2.2). */
  #nameOf(to: Referred, id: number): string | null {
    const names = this.#names[to]
    const name = isMembers(names) ? names[String(id)] : undefined
    if (typeof name === 'string') return name
    return to === 'service' ? (builtInServices[id] ?? null) : null
  }

  async #there(kind: Kind, record: Members): Promise<StoreRow | null> {
    const name = nameIn(kind, record)
    const { store } = this.#deps
    const where =
      kind.name === 'service'
        ? { name_key: name.toLowerCase() }
        : kind.key === 'email'
          ? { email_key: name.toLowerCase() }
          : { ...kind.where, [kind.key]: name }
    const [row] = await store.rows(kind.table, where)
    return row ?? null
  }

  #namesIn(manifest: Members, records: ReadonlyMap<Kind, readonly Members[]>): Members {
    const names: { [kind: string]: Json } = isMembers(manifest.names) ? { ...manifest.names } : {}
    for (const [kind, list] of records) {
      const known = names[kind.name]
      const own = Object.fromEntries(list.map((record) => [String(record.id), nameIn(kind, record)]))
      names[kind.name] = { ...(isMembers(known) ? known : {}), ...own }
    }
    return names
  }

  // ---- other services --------------------------------------------------------------------------------------------------------------

  async #service(name: string): Promise<void> {
    const files = await filesOf(this.#deps, name)
    const own = [...this.#entries].filter(([path, { folder }]) => path.startsWith(`${name}/`) && !folder)
    if (files !== null) {
      for (const [path, entry] of own) {
        const below = path.slice(name.length + 1)
        const { caller } = this.#request
        await this.#told(path, async () => {
          if (below.endsWith('.zip')) await files.unpack(below.slice(0, -4), entry.bytes(), caller, this.#signal)
          else await files.store(below, entry.bytes(), caller)
          this.#log.notice.push(`${path}: stored.`)
        })
      }
      return
    }
    const made = await this.#schemas(name)
    for (const [path] of own) {
      const [, table] = /^_table\/(.+)\.json$/.exec(path.slice(name.length + 1)) ?? []
      if (table !== undefined) await this.#told(path, () => this.#rows(name, table, path, made))
    }
  }

  /** The names of the tables that were made, in lower case. */
  async #schemas(service: string): Promise<ReadonlySet<string>> {
    const sent = (await this.#json(`${service}/_schema.json`)) ?? []
    const list = (
      Array.isArray(sent) ? sent : isMembers(sent) && Array.isArray(sent.resource) ? sent.resource : []
    ) as readonly Json[]
    const made = new Set<string>()
    const fresh: Members[] = []
    for (const schema of list.filter(isMembers)) {
      const name = String(schema.name)
      const isThere = await askService(
        this.#deps,
        this.#request,
        { verb: 'GET', service, path: ['_schema', name] },
        this.#signal,
      )
        .then(() => true)
        .catch((error: unknown) => {
          if (error instanceof ApiError && error.status === 404) return false
          throw error
        })
      if (isThere) this.#log.notice.push(`table '${name}' of '${service}': is there already and stays as it is.`)
      else fresh.push({ ...picked(schema, ['name', 'label', 'plural', 'description']), field: newFields(schema) })
    }
    if (fresh.length === 0) return made
    await this.#told(`tables of '${service}'`, async () => {
      await askService(
        this.#deps,
        this.#request,
        { verb: 'POST', service, path: ['_schema'], body: { resource: fresh } },
        this.#signal,
      )
      for (const { name } of fresh) {
        made.add(String(name).toLowerCase())
        this.#log.notice.push(`table '${String(name)}' of '${service}': created.`)
      }
    })
    return made
  }

  /** Only into tables that this package made: elsewhere its rows would stand beside others, or twice. */
  async #rows(service: string, table: string, path: string, made: ReadonlySet<string>): Promise<void> {
    if (!made.has(table.toLowerCase())) {
      this.#log.warning.push(`${path}: the table was there already; its rows were not read in.`)
      return
    }
    const sent = await this.#json(path)
    const rows = (Array.isArray(sent) ? sent : []) as readonly Json[]
    for (let from = 0; from < rows.length; from += portion) {
      const body = { resource: rows.slice(from, from + portion) }
      await askService(
        this.#deps,
        this.#request,
        { verb: 'POST', service, path: ['_table', table], body },
        this.#signal,
      )
    }
    this.#log.notice.push(`${path}: ${rows.length} rows.`)
  }

  // ---- reading ----------------------------------------------------------------------------------------------------------------------

  async #records(kind: Kind): Promise<readonly Members[]> {
    const value = await this.#json(`system/${kind.name}.json`)
    const list = isMembers(value) && Array.isArray(value.resource) ? value.resource : value
    return Array.isArray(list) ? (list as readonly Json[]).filter(isMembers) : []
  }

  async #json(path: string): Promise<Json> {
    const entry = this.#entries.get(path)
    if (entry === undefined || entry.folder) return null
    const tooLong = (): BadRequest => new BadRequest(`'${path}' of the package is longer than ${jsonBytes} bytes.`)
    const bytes = await collect(entry.bytes(), jsonBytes, tooLong)
    try {
      return parseJson(bytes.toString('utf8'))
    } catch (cause) {
      throw new BadRequest(`'${path}' of the package is not valid JSON.`, { cause })
    }
  }

  /** What the work is refused for goes into the log; a fault of ours does not. */
  async #told(what: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (thrown) {
      this.#log.error.push(`${what}: ${reasonOf(thrown)}`)
      return false
    }
  }
}

const builtInServices: { readonly [id: number]: string } = {
  1: 'system',
  2: 'api_docs',
  3: 'files',
  4: 'logs',
  5: 'db',
  6: 'email',
  7: 'user',
}

const nameIn = (kind: Kind, record: Members): string => {
  const value = record[kind.key]
  return typeof value === 'string' ? value : ''
}
const label = (kind: Kind, record: Members): string => `${kind.name} '${nameIn(kind, record)}'`

/** A field as it is described has more than one as it is made. */
function newFields({ field = null }: Members): Json {
  const names = [
    ...['name', 'label', 'description', 'type', 'length', 'precision', 'scale', 'default', 'allow_null', 'required'],
    ...[
      'fixed_length',
      'supports_multibyte',
      'is_primary_key',
      'is_unique',
      'is_foreign_key',
      'ref_table',
      'ref_field',
    ],
    ...['ref_on_update', 'ref_on_delete', 'picklist', 'validation', 'client_info'],
  ]
  return (Array.isArray(field) ? field.filter(isMembers) : []).map((each) =>
    Object.fromEntries(Object.entries(picked(each, names)).filter(([, value]) => value !== null)),
  )
}
