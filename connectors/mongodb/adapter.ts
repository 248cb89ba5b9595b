/** MongoDB for the document engine: conditions become filters, documents keep the exact types that they have. */
import type {
  Change,
  Condition,
  DocumentAdapter,
  Grouping,
  Inserted,
  Members,
  OrderBy,
  Piece,
  Query,
  Raw,
  Shape,
  Transaction,
} from 'dataferry/document'
import { WriteConflict } from 'dataferry/records'
import { encodeJson, type Json, ServiceUnavailable } from 'dataferry/sdk'
import type { ClientSession, Collection, Db, Document, FindOptions, MongoClient } from 'mongodb'
import { idOf, toBson, toJson } from './bson.ts'
import type { MongoSettings } from './config.ts'
import { driver } from './driver.ts'
import { Encoder, parsed } from './encode.ts'
import { mongoError, writeError } from './errors.ts'
import { dependsOnServer, filterOf } from './filter.ts'
import { countingOf, pipelineOf } from './group.ts'

/** Every value in a type of its own, so that what is put back is what was there. */
const reading = { promoteValues: false, promoteLongs: false, bsonRegExp: true } as const

/** Bytes after which a piece of a list is given away, and how many there are to begin with for a short one. */
const largePiece = 262_144
const smallPiece = 4096

const inSession = (within: Transaction): { readonly session?: ClientSession } =>
  within instanceof driver().ClientSession ? { session: within } : {}

const groupFilters = ({ where, having }: Grouping): [Document, Document | null] => [
  filterOf(where),
  having === null ? null : filterOf(having),
]

const setting = (pairs: readonly (readonly [string, Json])[]): Document =>
  Object.fromEntries(pairs.map(([path, value]) => [path, toBson(value)]))

const changeOf = ({ set, raise }: Change): Document => ({
  ...(set.length > 0 ? { $set: setting(set) } : {}),
  ...(raise.length > 0 ? { $inc: setting(raise) } : {}),
})

const orderOf = (order: readonly OrderBy[]): [string, 1 | -1][] =>
  order.map(({ path, descending }) => [path, descending ? -1 : 1])

interface Server {
  readonly transactions: boolean
  readonly ferret: boolean
}

export class MongoAdapter implements DocumentAdapter {
  readonly #settings: () => MongoSettings
  readonly #timeoutMs: number
  #client: MongoClient | null = null
  #database = ''
  #known: Promise<Server> | null = null
  #closed = false

  /** No I/O: the first use connects. `timeoutMs`: the longest that one question may take in the database; 0: any time. */
  constructor(settings: () => MongoSettings, timeoutMs: number) {
    this.#settings = settings
    this.#timeoutMs = timeoutMs
  }

  async collections(): Promise<readonly string[]> {
    const found = await this.#ask((db) => db.listCollections({}, { nameOnly: true }).toArray())
    return found.map(({ name }) => name).filter((name) => !name.startsWith('system.'))
  }

  async create(name: string): Promise<void> {
    await this.#ask((db) => db.createCollection(name))
  }

  async drop(name: string): Promise<void> {
    await this.#ask((db) => db.dropCollection(name))
  }

  async index(name: string, fields: readonly string[], unique: boolean): Promise<void> {
    await this.#in(name, (collection) =>
      collection.createIndex(Object.fromEntries(fields.map((field) => [field, 1])), { unique }),
    )
  }

  async find(name: string, query: Query, within: Transaction, signal?: AbortSignal): Promise<readonly Raw[]> {
    signal?.throwIfAborted()
    const filter = await this.#filter(query.where)
    return this.#in(name, (collection) =>
      collection.find(filter, { ...reading, ...this.#finding(query, within, signal) }).toArray(),
    )
  }

  async *print(
    name: string,
    query: Query,
    { printed, row }: Shape,
    within: Transaction,
    signal?: AbortSignal,
  ): AsyncIterable<Piece> {
    signal?.throwIfAborted()
    if (printed === null) throw new TypeError('What is shown must be known.')
    const encoder = new Encoder(
      { ...printed, row: (document) => encodeJson(row(parsed(document))) },
      query.limit !== null && query.limit <= 10 ? smallPiece : largePiece,
    )
    try {
      const filter = await this.#filter(query.where)
      const cursor = this.#connected()
        .db(this.#database)
        .collection(name)
        .find<Uint8Array>(filter, { ...this.#finding(query, within, signal), raw: true })
      try {
        let told = 0
        const piece = (): Piece => {
          const documents = encoder.rows - told
          told = encoder.rows
          return { bytes: encoder.take(), documents }
        }
        while (await cursor.hasNext()) {
          for (const document of cursor.readBufferedDocuments()) {
            encoder.add(document)
            if (encoder.length > largePiece) yield piece()
          }
        }
        if (encoder.length > 0) yield piece()
      } finally {
        await cursor.close()
      }
    } catch (thrown) {
      throw mongoError(thrown)
    }
  }

  /** FerretDB knows too little of pipelines. */
  async group(
    name: string,
    grouping: Grouping,
    within: Transaction,
    signal?: AbortSignal,
  ): Promise<readonly Members[] | null> {
    if ((await this.#server()).ferret) return null
    const found = await this.#aggregate(name, pipelineOf(grouping, ...groupFilters(grouping)), within, signal)
    return found.map((row) => toJson(row) as Members)
  }

  async countGroups(
    name: string,
    grouping: Grouping,
    within: Transaction,
    signal?: AbortSignal,
  ): Promise<number | null> {
    if ((await this.#server()).ferret) return null
    const [row] = await this.#aggregate(name, countingOf(grouping, ...groupFilters(grouping)), within, signal)
    return row === undefined ? 0 : Number(row.n)
  }

  #aggregate(
    name: string,
    pipeline: Document[],
    within: Transaction,
    signal: AbortSignal | undefined,
  ): Promise<Document[]> {
    signal?.throwIfAborted()
    return this.#in(name, (collection) =>
      collection
        .aggregate(pipeline, { ...reading, ...this.#limits(within), ...(signal ? { signal } : {}), allowDiskUse: true })
        .toArray(),
    )
  }

  async #filter(where: Condition | null): Promise<Document> {
    return filterOf(where, dependsOnServer(where) && (await this.#server()).ferret)
  }

  #finding({ order, skip, limit, fields }: Query, within: Transaction, signal: AbortSignal | undefined): FindOptions {
    return {
      ...this.#limits(within),
      ...(signal ? { signal } : {}),
      ...(order.length > 0 ? { sort: orderOf(order) } : {}),
      ...(skip > 0 ? { skip } : {}),
      ...(limit === null ? {} : { limit, batchSize: limit }),
      ...(fields === null ? {} : { projection: Object.fromEntries(fields.map((field) => [field, 1])) }),
    }
  }

  count(name: string, where: Condition | null, within: Transaction, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted()
    return this.#in(name, async (collection) =>
      collection.countDocuments(await this.#filter(where), this.#limits(within)),
    )
  }

  async insert(
    name: string,
    documents: readonly Members[],
    mode: 'halt' | 'continue',
    within: Transaction,
  ): Promise<readonly Inserted[]> {
    const results: Inserted[] = []
    const made: Document[] = []
    const places: number[] = []
    for (const [at, { _id, ...members }] of documents.entries()) {
      try {
        const id = _id === undefined || _id === null ? new (driver().ObjectId)() : idOf(_id)
        made.push({ _id: id, ...(toBson(members) as Document) })
        places.push(at)
        results[at] = { ok: true, id: toJson(id) }
      } catch (error) {
        results[at] = { ok: false, error: error as Error }
        if (mode === 'halt') break
      }
    }
    if (made.length > 0) {
      for (const [at, error] of await this.#insertMany(name, made, mode === 'halt', within)) {
        results[places[at] ?? at] = { ok: false, error }
      }
    }
    const first = results.findIndex((each) => !each.ok)
    return mode === 'halt' && first !== -1 ? results.slice(0, first + 1) : results
  }

  /** The failures by the documents' places. */
  async #insertMany(
    name: string,
    documents: readonly Document[],
    ordered: boolean,
    within: Transaction,
  ): Promise<readonly (readonly [number, Error])[]> {
    return this.#in(name, async (collection) => {
      try {
        await collection.insertMany(documents, { ordered, ...inSession(within) })
        return []
      } catch (thrown) {
        if (!(thrown instanceof driver().MongoBulkWriteError)) throw thrown
        const errors = [thrown.writeErrors].flat()
        if (errors.length === 0) throw thrown
        return errors.map((error) => [error.index, writeError(error, thrown)] as const)
      }
    })
  }

  async update(name: string, where: Condition | null, change: Change, within: Transaction): Promise<number> {
    const update = changeOf(change)
    return this.#in(
      name,
      async (collection) =>
        (await collection.updateMany(await this.#filter(where), update, inSession(within))).matchedCount,
    )
  }

  async upsert(
    name: string,
    id: Json,
    where: Condition | null,
    change: Change,
    others: readonly (readonly [string, Json])[],
    within: Transaction,
  ): Promise<number> {
    const update = { ...changeOf(change), ...(others.length > 0 ? { $setOnInsert: setting(others) } : {}) }
    const filter: Document = { _id: idOf(id), ...(where === null ? {} : { $and: [await this.#filter(where)] }) }
    return this.#in(name, async (collection) => {
      const there = (asked: Document): Promise<number> => collection.countDocuments(asked, inSession(within))
      // A failure would end the transaction.
      if (within !== null && where !== null && (await there({ _id: idOf(id) })) > (await there(filter))) return 0
      try {
        const nothing = Object.keys(update).length === 0
        // What is set by nothing must at least be there.
        const asked = nothing ? { $setOnInsert: { _id: idOf(id) } } : update
        const done = await collection.updateOne(filter, asked, { upsert: true, ...inSession(within) })
        return done.matchedCount + done.upsertedCount
      } catch (thrown) {
        if (!(thrown instanceof driver().MongoServerError) || thrown.code !== 11000) throw thrown
        if (within !== null)
          throw new WriteConflict('The record is being written by another request. Try again.', thrown)
        if ((await there({ _id: idOf(id) })) > 0) return 0
        throw thrown
      }
    })
  }

  async replace(name: string, where: Condition | null, document: Members, within: Transaction): Promise<number> {
    const { _id, ...members } = document
    const made = toBson(members) as Document
    return this.#in(
      name,
      async (collection) =>
        (await collection.replaceOne(await this.#filter(where), made, inSession(within))).matchedCount,
    )
  }

  async remove(name: string, where: Condition | null, within: Transaction): Promise<number> {
    return this.#in(
      name,
      async (collection) => (await collection.deleteMany(await this.#filter(where), inSession(within))).deletedCount,
    )
  }

  async restore(name: string, document: Raw): Promise<void> {
    const { _id, ...members } = document as Document
    await this.#in(name, (collection) => collection.replaceOne({ _id }, members, { upsert: true }))
  }

  shown(document: Raw): Members {
    return toJson(document) as Members
  }

  exact(document: Raw, path: string): Json {
    let here: unknown = document
    for (const segment of path.split('.')) {
      if (here === null || typeof here !== 'object' || !Object.hasOwn(here, segment)) return null
      here = (here as Document)[segment]
    }
    return toJson(here, true)
  }

  async transactions(): Promise<boolean> {
    return (await this.#server()).transactions
  }

  /** What is asked of the server once. Replica sets and sharded clusters have transactions. */
  #server(): Promise<Server> {
    this.#known ??= this.#ask(async (db) => {
      const { setName, msg, logicalSessionTimeoutMinutes } = await db.admin().command({ isMaster: 1 })
      const { ferretdbVersion } = await db.admin().command({ buildInfo: 1 })
      return {
        transactions: (typeof setName === 'string' || msg === 'isdbgrid') && Number(logicalSessionTimeoutMinutes) > 0,
        ferret: ferretdbVersion !== undefined,
      }
    }).catch((error: unknown) => {
      this.#known = null
      throw error
    })
    return this.#known
  }

  async transaction<T>(work: (within: Transaction) => Promise<T>): Promise<T> {
    const session = this.#connected().startSession()
    try {
      session.startTransaction()
      const result = await work(session)
      await session.commitTransaction()
      return result
    } catch (thrown) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => {})
      throw mongoError(thrown)
    } finally {
      await session.endSession()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client?.close()
  }

  #limits(within: Transaction): { readonly maxTimeMS?: number; readonly session?: ClientSession } {
    return { ...inSession(within), ...(this.#timeoutMs > 0 ? { maxTimeMS: this.#timeoutMs } : {}) }
  }

  /** The driver connects by itself, and again after it lost the server. */
  #connected(): MongoClient {
    if (this.#closed) throw new ServiceUnavailable('The service is being closed.')
    if (this.#client === null) {
      const { url, database, options } = this.#settings()
      try {
        this.#client = new (driver().MongoClient)(url, options)
      } catch (cause) {
        throw new ServiceUnavailable('The configuration of this service can not be used.', { cause })
      }
      this.#database = database
    }
    return this.#client
  }

  async #ask<T>(work: (db: Db) => Promise<T>): Promise<T> {
    try {
      return await work(this.#connected().db(this.#database))
    } catch (thrown) {
      throw mongoError(thrown)
    }
  }

  #in<T>(name: string, work: (collection: Collection) => Promise<T>): Promise<T> {
    return this.#ask((db) => work(db.collection(name)))
  }
}
