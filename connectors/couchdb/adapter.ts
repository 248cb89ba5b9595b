/** CouchDB for the document engine: databases are collections. Every write names the revision that it changes, so none is ever lost. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type {
  Change,
  Condition,
  DocumentAdapter,
  Inserted,
  Members,
  Query,
  Raw,
  Told,
  Transaction,
  Written,
} from 'dataferry/document'
import { atPath } from 'dataferry/records'
import { ApiError, BadRequest, type Json, ServiceUnavailable } from 'dataferry/sdk'
import { changed, idOf, membersOf, revisionIn, type Stored } from './body.ts'
import type { CouchClient } from './client.ts'
import { countDocuments, findDocuments, storedByIds } from './find.ts'

/** Documents of one `_bulk_docs`. */
const bulk = 1_000
/** How often a write is done again on the document as somebody else has left it. */
const attemptsAtMost = 40

const databaseName = /^[a-z][a-z0-9_$()+/-]*$/

/** What became of one document of `_bulk_docs`. */
type Result = { readonly rev: string } | { readonly conflict: boolean; readonly error: Error }

const conflict = (id: string): ApiError =>
  new ApiError(409, `Record with identifier '${id}' was changed by somebody else meanwhile. Read it again.`)

export class CouchAdapter implements DocumentAdapter {
  readonly #client: CouchClient

  constructor(client: CouchClient) {
    this.#client = client
  }

  async collections(): Promise<readonly string[]> {
    const { body } = await this.#client.ask({ method: 'GET', path: ['_all_dbs'], reads: true })
    if (!Array.isArray(body)) throw new ServiceUnavailable('What answers at the address of this service is no CouchDB.')
    const { prefix } = this.#client
    const names = body.map(String).filter((name) => !name.startsWith('_') && name.startsWith(prefix))
    return names.map((name) => name.slice(prefix.length)).filter((name) => name !== '')
  }

  async create(name: string): Promise<void> {
    if (!databaseName.test(this.#client.prefix + name))
      throw new BadRequest(
        'A database has a name of small letters, digits and the signs _ $ ( ) + - and /, and begins with a letter.',
      )
    const { status } = await this.#client.ask({ method: 'PUT', database: name }, [412])
    if (status === 412) throw new BadRequest('A database of this name exists already.')
  }

  async drop(name: string): Promise<void> {
    await this.#client.ask({ method: 'DELETE', database: name })
  }

  find(name: string, query: Query, _within: Transaction, signal?: AbortSignal): Promise<readonly Stored[]> {
    return findDocuments(this.#client, name, query, signal)
  }

  async count(name: string, where: Condition | null, _within: Transaction, signal?: AbortSignal): Promise<number> {
    if (where !== null) return countDocuments(this.#client, name, where, signal)
    const about = await this.#client.ask({ method: 'GET', database: name, reads: true, signal })
    const own = await this.#client.ask({
      method: 'GET',
      database: name,
      path: ['_all_docs'],
      query: { startkey: '"_design/"', endkey: '"_design0"' },
      reads: true,
      signal,
    })
    const { rows } = own.body as { readonly rows: readonly Json[] }
    return Number(atPath(about.body, 'doc_count')) - rows.length
  }

  async insert(name: string, documents: readonly Members[], mode: 'halt' | 'continue'): Promise<readonly Inserted[]> {
    const results: Inserted[] = []
    const made: Members[] = []
    const places: number[] = []
    for (const [at, { _id, ...members }] of documents.entries()) {
      try {
        const id = _id === undefined || _id === null ? randomUUID().replaceAll('-', '') : idOf(_id)
        made.push({ _id: id, ...membersOf(members) })
        places.push(at)
      } catch (error) {
        results[at] = { ok: false, error: error as Error }
        if (mode === 'halt') break
      }
    }
    const written = mode === 'halt' ? await this.#insertInOrder(name, made) : await this.#bulk(name, made)
    for (const [at, result] of written.entries()) {
      const document = made[at] ?? {}
      results[places[at] ?? at] =
        'rev' in result
          ? { ok: true, id: document._id ?? null, now: { ...document, _rev: result.rev } }
          : { ok: false, error: result.conflict ? duplicate() : result.error }
    }
    const first = results.findIndex((each) => !each?.ok)
    return mode === 'halt' && first !== -1 ? results.slice(0, first + 1) : results
  }

  /** Up to the first that is there already: nothing behind it is made. */
  async #insertInOrder(name: string, documents: readonly Members[]): Promise<readonly Result[]> {
    const ids = documents.map((document) => String(document._id))
    const there = new Set(
      ids.length < 2 ? [] : (await storedByIds(this.#client, name, ids, undefined)).map(({ _id }) => _id),
    )
    const stop = ids.findIndex((id, at) => there.has(id) || ids.indexOf(id) < at)
    const results = await this.#bulk(name, stop === -1 ? documents : documents.slice(0, stop + 1))
    const first = results.findIndex((each) => !('rev' in each))
    if (first === -1) return results
    const later = results.flatMap((each, at) => ('rev' in each && at > first ? [removal(ids[at] ?? '', each.rev)] : []))
    await this.#bulk(name, later)
    return results.slice(0, first + 1)
  }

  update(
    name: string,
    where: Condition | null,
    change: Change,
    _within: Transaction,
    told?: Told | null,
  ): Promise<number> {
    const known = revisionIn(change.set.find(([path]) => path === '_rev')?.[1])
    return this.#rewrite(name, where, (document) => changed(document, change), known, told)
  }

  async upsert(
    name: string,
    id: Json,
    where: Condition | null,
    change: Change,
    others: readonly (readonly [string, Json])[],
    _within: Transaction,
    told?: Told | null,
  ): Promise<number> {
    const is: Condition = { kind: 'in', path: '_id', values: [idOf(id)], holds: true }
    const fresh = changed({ _id: idOf(id) }, { set: [...change.set, ...others], raise: change.raise })
    const known = revisionIn(change.set.find(([path]) => path === '_rev')?.[1])
    for (let attempt = 1; ; attempt += 1) {
      const [there] = await storedByIds(this.#client, name, [idOf(id)], undefined)
      if (there) {
        const both: Condition = where === null ? is : { kind: 'all', of: [is, where] }
        const met = await this.#rewrite(name, both, (document) => changed(document, change), known, told)
        if (met > 0 || where !== null) return met
      } else {
        if (known !== null) throw conflict(idOf(id))
        const [result] = await this.#bulk(name, [fresh])
        if (result && 'rev' in result) {
          told?.({ before: null, now: { ...fresh, _rev: result.rev } })
          return 1
        }
        if (result && !result.conflict) throw result.error
      }
      if (attempt === attemptsAtMost) throw conflict(idOf(id))
    }
  }

  replace(
    name: string,
    where: Condition | null,
    document: Members,
    _within: Transaction,
    told?: Told | null,
  ): Promise<number> {
    const members = membersOf(document)
    return this.#rewrite(name, where, ({ _id, _rev }) => ({ _id, _rev, ...members }), revisionIn(document._rev), told)
  }

  remove(name: string, where: Condition | null, _within: Transaction, told?: Told | null): Promise<number> {
    return this.#rewrite(name, where, ({ _id, _rev }) => removal(_id, _rev), null, told)
  }

  async undo(name: string, { before, now }: Written): Promise<void> {
    const was = before as Stored | null
    const left = now as Stored | null
    const [result] = await this.#bulk(name, [
      was === null
        ? removal(left?._id ?? '', left?._rev ?? '')
        : { ...(await this.#withAttachments(name, was)), ...(left ? { _rev: left._rev } : {}) },
    ])
    if (!result || !('rev' in result)) throw result?.error ?? new Error('Nothing was undone.')
  }

  /** Without its revision. What is attached is not part of a document that was read, but still kept with its old revision. */
  async #withAttachments(name: string, { _rev, ...members }: Stored): Promise<Members> {
    if (!Object.hasOwn(members, '_attachments')) return members
    const { body } = await this.#client.ask({
      method: 'GET',
      database: name,
      path: [members._id],
      query: { rev: _rev, attachments: 'true' },
      reads: true,
    })
    return { ...members, _attachments: atPath(body, '_attachments') ?? {} }
  }

  shown(document: Raw): Members {
    return document as Stored
  }

  exact(document: Raw, path: string): Json {
    return atPath(document as Stored, path) ?? null
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  /**
   * Writes what `next` makes of each document that is met, over the revision that was read. Where somebody was faster, the document is
   * read and judged again, unless the client has named the revision that it knows.
   */
  async #rewrite(
    name: string,
    where: Condition | null,
    next: (document: Stored) => Members,
    known: string | null,
    told: Told | null | undefined,
  ): Promise<number> {
    const whole = { order: [], skip: 0, limit: null, fields: null }
    let pending = await findDocuments(this.#client, name, { where, ...whole }, undefined)
    let met = 0
    for (let attempt = 1; pending.length > 0; attempt += 1) {
      const other = pending.find(({ _rev }) => known !== null && _rev !== known)
      if (other) throw conflict(other._id)
      const late: string[] = []
      let fault: Error | null = null
      for (const [at, result] of (await this.#bulk(name, pending.map(next))).entries()) {
        const before = pending[at] as Stored
        if ('rev' in result) {
          const made = next(before)
          met += 1
          told?.({ before, now: made._deleted === true ? null : { ...made, _rev: result.rev } })
        } else if (result.conflict) late.push(before._id)
        else fault ??= result.error
      }
      if (fault !== null) throw fault
      const [first] = late
      if (first === undefined) break
      if (known !== null || attempt === attemptsAtMost) throw conflict(first)
      // Not all at the same moment again.
      await pause(Math.random() * Math.min(50, 2 * attempt))
      const again: Condition = { kind: 'in', path: '_id', values: late, holds: true }
      pending = await findDocuments(
        this.#client,
        name,
        { where: where === null ? again : { kind: 'all', of: [again, where] }, ...whole },
        undefined,
      )
    }
    return met
  }

  async #bulk(name: string, documents: readonly Members[]): Promise<readonly Result[]> {
    const results: Result[] = []
    for (let from = 0; from < documents.length; from += bulk) {
      const docs = documents.slice(from, from + bulk)
      const { body } = await this.#client.ask({ method: 'POST', database: name, path: ['_bulk_docs'], body: { docs } })
      if (!Array.isArray(body) || body.length !== docs.length)
        throw new ServiceUnavailable('The database did not say what became of the records.')
      for (const each of body) results.push(resultOf(each as Members))
    }
    return results
  }
}

const removal = (_id: string, _rev: string): Members => ({ _id, _rev, _deleted: true })

const duplicate = (): BadRequest => new BadRequest("Duplicate value for field '_id'.")

function resultOf({ rev, error, reason }: Members): Result {
  if (typeof rev === 'string') return { rev }
  const cause = { cause: new Error(`${String(error)}: ${String(reason)}`) }
  if (error === 'conflict')
    return { conflict: true, error: new ApiError(409, 'The record was changed meanwhile.', cause) }
  // What a validation of the database has thrown.
  if (error === 'forbidden' || error === 'unauthorized')
    return { conflict: false, error: new BadRequest('The record breaks a rule of the database.', cause) }
  return { conflict: false, error: new ApiError(500, 'The record could not be written.', cause) }
}
