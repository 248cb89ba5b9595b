/** Writes over several services where a source has no transactions, and where something can't be undone (docs/records.md). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServiceHost } from 'dataferry/sdk'
import { withCatalog } from '../../../connectors/records/schema/keeper.ts'
import { hostFor, requestFor } from './company.ts'
import { type RecordStore, type Relation, type Row, recordService, type Table } from './exports.ts'
import { column } from './filter/table.ts'
import { MemoryStore } from './memory-store.ts'

const books: Relation = {
  name: 'books',
  alias: null,
  label: 'Books',
  description: null,
  type: 'has_many',
  isVirtual: true,
  fields: ['id'],
  refServiceId: 20,
  refTable: 'book',
  refFields: ['author'],
  onUpdate: null,
  onDelete: null,
  junction: null,
  alwaysFetch: false,
  native: [],
}

const table = (
  name: string,
  columns: Table['columns'],
  primaryKey: readonly string[],
  relations: readonly Relation[],
): Table => ({
  name,
  schema: null,
  alias: null,
  label: name,
  plural: name,
  description: null,
  isView: false,
  native: [],
  columns,
  primaryKey,
  relations,
  constraints: [],
  nameField: null,
  epoch: 1,
})

const id = column('id', 'integer', { allowNull: false, isPrimaryKey: true })
const author = table('author', [id, column('name', 'string')], ['id'], [books])
const book = (primaryKey: readonly string[]): Table =>
  table('book', [id, column('author', 'integer'), column('title', 'string')], primaryKey, [])

const shelf: readonly Row[] = [
  { id: 1, author: 1, title: 'old' },
  { id: 2, author: 2, title: 'other' },
]

/** What a session wrote stays, whatever becomes of it. */
function leaking(store: MemoryStore): RecordStore {
  return {
    ...withCatalog(store, store.catalog),
    can: { ...store.can, transactions: false },
    async write(work) {
      const ended = await store.write(async (session) => {
        try {
          return { answer: await work(session) }
        } catch (thrown) {
          return { thrown }
        }
      })
      if ('thrown' in ended) throw ended.thrown
      return ended.answer
    },
  }
}

/** A store whose transactions can't be committed. */
const failing = (store: MemoryStore): RecordStore => ({
  ...withCatalog(store, store.catalog),
  write: (work) =>
    store.write(async (session) => {
      await work(session)
      throw new Error('The commit failed.')
    }),
})

async function patch(own: RecordStore, other: RecordStore, body: Row): Promise<unknown> {
  const host: ServiceHost = { ...hostFor(null), serviceName: () => 'library', other: async () => other as never }
  const service = recordService(own, { host, config: {} })
  const request = requestFor({ verb: 'PATCH', path: '_table/author/1', body })
  return service.handle(request, new AbortController().signal).then(
    () => null,
    (thrown: unknown) => thrown,
  )
}

const authors = (): MemoryStore => new MemoryStore([{ table: author, rows: [{ id: 1, name: 'ann' }] }])
const library = (key: readonly string[] = ['id']): MemoryStore => new MemoryStore([{ table: book(key), rows: shelf }])

const changes: Row = {
  name: 'new',
  books: [
    { id: 7, title: 'made' },
    { id: 2, title: 'moved' },
    { id: 1, author: null },
  ],
}

describe('writes over several services', () => {
  it('a source without transactions keeps nothing of a record that failed', async () => {
    const [here, there] = [authors(), library()]
    const broken = { ...changes, books: [...(changes.books as Row[]), { title: 'no key' }] }
    const thrown = await patch(here, leaking(there), broken)
    assert.match(String(thrown), /Related record has no primary key value for 'id'/)
    assert.deepEqual(there.rowsOf('book'), shelf)
    assert.deepEqual(here.rowsOf('author'), [{ id: 1, name: 'ann' }])
  })

  it('nor of one whose own service could not commit', async () => {
    for (const other of [(store: MemoryStore) => store, leaking]) {
      const there = library()
      assert.match(String(await patch(failing(authors()), other(there), changes)), /The commit failed/)
      assert.deepEqual(there.rowsOf('book'), shelf)
    }
  })

  it('what can not be undone is told', async () => {
    const there = library([])
    const thrown = await patch(failing(authors()), there, { books: [{ id: 8, title: 'stays' }] })
    assert.match(
      String(thrown),
      /The request failed, but some of what it wrote could not be undone: in service 'library' a record of 'book'\./,
    )
  })

  it('all of it is there where nothing fails', async () => {
    const [here, there] = [authors(), library()]
    assert.equal(await patch(here, there, changes), null)
    assert.deepEqual(here.rowsOf('author'), [{ id: 1, name: 'new' }])
    assert.deepEqual(
      there.rowsOf('book').map(({ id: key, author: of, title }) => [key, of, title]),
      [
        [1, null, 'old'],
        [2, 1, 'moved'],
        [7, 1, 'made'],
      ],
    )
  })
})
