/**
 * Names and values (control-plane 1.10): `system/custom` for all administrators, `user/custom` for each user alone. A name is read as
 * the bare value; writing a name that is there replaces its value.
 */
import { isMembers, type Members, parseOptions, payloadOf, projectList, wrapList } from 'dataferry/records'
import { type ApiReply, type ApiRequest, BadRequest, type Json, NotFound } from 'dataferry/sdk'
import { writeAudit } from '../audit/log.ts'
import { customText, customValue } from '../models/custom-value.ts'
import { textOf } from '../models/validation.ts'
import { answer } from '../sessions/body.ts'
import { noSession } from '../sessions/session.ts'
import type { Equal, StoreRow, Tables, Transaction } from '../store/tables.ts'
import { stampOf } from '../store/time.ts'

/** The rows of one owner. */
interface Scope {
  readonly table: 'system_custom' | 'user_custom'
  readonly of: Equal & StoreRow
  /** Rows say who made and changed them. */
  readonly authors: boolean
  readonly by: number | null
}

const nameMost = 255

export class CustomResource {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /** The request's path is that of the user service: `custom/{name}`. */
  ofUser(request: ApiRequest): Promise<ApiReply> {
    const { user } = request.caller
    if (user === null) throw noSession()
    const scope = { table: 'user_custom', of: { user_id: user.id }, authors: false, by: user.id } as const
    return this.#handle(scope, request.path[1] ?? null, request)
  }

  /** Everything but lists, which the record engine answers. */
  ofSystem(name: string | null, request: ApiRequest): Promise<ApiReply> {
    const by = request.caller.user?.id ?? null
    return this.#handle({ table: 'system_custom', of: {}, authors: true, by }, name, request)
  }

  async #handle(scope: Scope, name: string | null, request: ApiRequest): Promise<ApiReply> {
    switch (request.verb) {
      case 'GET':
        return name === null ? this.#list(scope, request) : this.#read(scope, name)
      case 'DELETE':
        return this.#remove(scope, name, request)
      default:
        return this.#write(scope, name, request)
    }
  }

  async #list(scope: Scope, request: ApiRequest): Promise<ApiReply> {
    const options = parseOptions(request.query, null, true)
    const rows = (await this.#tables.rows(scope.table, scope.of)).map(({ id: _id, user_id: _user, value, ...row }) => {
      const { name = null, ...stamps } = row
      return { name, value: customValue(value ?? null), ...stamps }
    })
    return answer(wrapList(request.output, projectList(rows, { ...options, fields: options.fields ?? 'all' })))
  }

  async #read({ table, of }: Scope, name: string): Promise<ApiReply> {
    const [row] = await this.#tables.rows(table, { ...of, name })
    if (row === undefined) throw missing(name)
    return answer(customValue(row.value ?? null))
  }

  async #write(scope: Scope, name: string | null, request: ApiRequest): Promise<ApiReply> {
    const entries = name === null ? entriesOf(request) : [{ name, value: valueSent(request) }]
    await this.#tables.transaction(async (tx) => {
      for (const entry of entries) {
        const now = stampOf(new Date())
        const value = customText(entry.value)
        const [before = null] = await tx.rows(scope.table, { ...scope.of, name: entry.name })
        const changed = { value, last_modified_date: now, ...(scope.authors ? { last_modified_by_id: scope.by } : {}) }
        if (before !== null) {
          await tx.update(scope.table, { ...scope.of, name: entry.name }, changed)
          await this.#tell(tx, scope, request, before, { ...before, ...changed })
          continue
        }
        if (name !== null && request.verb !== 'POST') throw missing(name)
        const authors = scope.authors ? { created_by_id: scope.by, last_modified_by_id: null } : {}
        const made = { name: entry.name, value, created_date: now, last_modified_date: now, ...authors }
        await tx.insert(scope.table, { ...scope.of, ...made })
        await this.#tell(tx, scope, request, null, made)
      }
    })
    const status = request.verb === 'POST' ? 201 : 200
    const names = entries.map((entry) => ({ name: entry.name }))
    return answer(name === null ? wrapList(request.output, names) : (names[0] ?? null), status)
  }

  /** What users keep for themselves is nothing of the administration. */
  async #tell(
    tx: Transaction,
    { table }: Scope,
    request: ApiRequest,
    before: StoreRow | null,
    after: StoreRow | null,
  ): Promise<void> {
    if (table !== 'system_custom') return
    const action = before === null ? 'create' : after === null ? 'delete' : 'update'
    const id = String((after ?? before)?.name ?? '')
    await writeAudit(tx, request, { action, resource: table, id, before, after })
  }

  async #remove(scope: Scope, name: string | null, request: ApiRequest): Promise<ApiReply> {
    const { table, of } = scope
    const names = name === null ? namesOf(request) : [name]
    const gone = await this.#tables.transaction(async (tx) => {
      for (const each of names) {
        const [before] = await tx.rows(table, { ...of, name: each })
        if (before === undefined) throw missing(each)
        await tx.remove(table, { ...of, name: each })
        await this.#tell(tx, scope, request, before, null)
      }
      return names.map((each) => ({ name: each }))
    })
    return answer(name === null ? wrapList(request.output, gone) : (gone[0] ?? null))
  }
}

const missing = (name: string): NotFound => new NotFound(`Record with identifier '${name}' not found.`)

/** `{"resource":[{"name":...,"value":...}]}` */
function entriesOf({ body, output }: ApiRequest): readonly { readonly name: string; readonly value: Json }[] {
  const { records } = payloadOf(body, output)
  if (records === null)
    throw new BadRequest(
      `No record(s) detected in request. Please make sure record(s) are wrapped in a '${output.wrapperName}' tag. Example: {"${output.wrapperName}":[{"record":1},{"record":2}]}`,
    )
  return records.map((record) => {
    const { name = null, value = null } = isMembers(record) ? (record as Members) : {}
    const text = textOf(name)?.trim() ?? ''
    if (text === '') throw new BadRequest('Every record needs a name.')
    if (text.length > nameMost) throw new BadRequest(`A name has at most ${nameMost} characters.`)
    return { name: text, value }
  })
}

/** `{"value":...}`, else the body itself is the value. */
function valueSent({ body }: ApiRequest): Json {
  if (body.kind !== 'value') throw new BadRequest('The request contains no value.')
  const { value } = body
  return isMembers(value) && 'value' in value ? (value.value ?? null) : value
}

function namesOf(request: ApiRequest): readonly string[] {
  const { ids } = parseOptions(request.query, null, true)
  if (ids !== null) return ids.map(String)
  const { records } = payloadOf(request.body, request.output)
  const names = (records ?? []).flatMap((record) => (isMembers(record) ? (textOf(record.name) ?? []) : String(record)))
  if (names.length === 0) throw new BadRequest('No filter or records given for delete request.')
  return names
}
