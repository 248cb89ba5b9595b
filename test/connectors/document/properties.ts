/** Random documents, filters, orders and pages, and what an evaluation in memory gives: for the property tests of document stores. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { answerOf, Case } from 'dataferry/conformance'
import {
  evaluate,
  openColumn,
  type Predicate,
  parseFilter,
  plainSummary,
  resolveFilter,
  type Table,
} from 'dataferry/records'
import type { Bind, Json } from 'dataferry/sdk'

export type Doc = { readonly [name: string]: Json }
export type Random = () => number

/** mulberry32 */
export function randomOf(start: number): Random {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export const pick = <T>(random: Random, of: readonly T[]): T => of[Math.floor(random() * of.length)] as T

const numbers = [-2, 0, 1, 2, 2.5, 3, 10, 3_000_000_000]
const texts = ['', 'a', 'A', 'ab', 'abc', 'b', '1', '2', '50%', 'a_b', 'a.b', 'x*y', 'null', 'true']
export const fields = ['n', 's', 'b', 'd.x', 'd.y.z', 'm']

export function randomDocument(random: Random, id: Json): Doc {
  const scalar = (): Json => pick<Json>(random, [pick(random, numbers), pick(random, texts), random() < 0.5, null])
  const made: { [name: string]: Json } = { _id: id }
  const maybe = (name: string, value: () => Json): void => {
    if (random() < 0.8) made[name] = value()
  }
  maybe('n', () => (random() < 0.2 ? null : pick(random, numbers)))
  maybe('s', () => (random() < 0.2 ? null : pick(random, texts)))
  maybe('b', () => (random() < 0.2 ? null : random() < 0.5))
  maybe('d', () => ({ x: scalar(), ...(random() < 0.5 ? { y: { z: scalar() } } : {}) }))
  maybe('m', scalar)
  return made
}

function operand(random: Random): string {
  const kind = random()
  if (kind < 0.45) return String(pick(random, numbers))
  if (kind < 0.85) return `'${pick(random, texts)}'`
  return pick(random, ['true', 'false'])
}

export function randomFilter(random: Random, depth: number): string {
  const field = pick(random, fields)
  const kind = random()
  if (depth > 0 && kind < 0.4) {
    const word = pick(random, ['AND', 'AND', 'OR', 'OR', 'XOR'])
    return `(${randomFilter(random, depth - 1)}) ${word} (${randomFilter(random, depth - 1)})`
  }
  if (depth > 0 && kind < 0.5) return `NOT (${randomFilter(random, depth - 1)})`
  if (kind < 0.7) return `${field} ${pick(random, ['=', '!=', '<', '<=', '>', '>='])} ${operand(random)}`
  if (kind < 0.78) return `${field} ${pick(random, ['IN', 'NOT IN'])} (${operand(random)}, ${operand(random)})`
  if (kind < 0.85)
    return `${field} ${pick(random, ['BETWEEN', 'NOT BETWEEN'])} ${pick(random, numbers)} AND ${pick(random, numbers)}`
  if (kind < 0.92) return `${field} ${pick(random, ['IS NULL', 'IS NOT NULL'])}`
  return `${field} ${pick(random, ['LIKE', 'NOT LIKE', 'CONTAINS', 'STARTS WITH', 'ENDS WITH'])} '${pick(random, ['a', 'a%', '%b', '%', '_', 'A_', '.', '*', '50\\%'])}'`
}

const table: Table = {
  ...plainSummary('docs'),
  open: true,
  columns: [],
  primaryKey: ['_id'],
  relations: [],
  constraints: [],
  nameField: null,
  epoch: 1,
}

function at(doc: Doc, path: string): Json {
  let here: Json = doc
  for (const part of path.split('.'))
    here = here !== null && typeof here === 'object' ? ((here as Doc)[part] ?? null) : null
  return here
}

/** A filter as stores are asked. */
export function predicateOf(text: string): { readonly predicate: Predicate; readonly binds: readonly Bind[] } {
  const binds: Bind[] = []
  const parsed = parseFilter(text)
  assert.ok(parsed)
  const predicate = resolveFilter(parsed, {
    column: (name) => openColumn(table, name),
    bind: (value) => binds.push(value) - 1,
    params: new Map(),
    lookup: () => undefined,
    modifiers: new Set(),
  })
  return { predicate, binds }
}

function matching(docs: readonly Doc[], text: string): readonly Doc[] {
  const { predicate, binds } = predicateOf(text)
  return docs.filter((doc) => evaluate(predicate, binds, ({ name }) => at(doc, name)))
}

const rank = (value: Json): number => ['object', 'number', 'string', 'boolean'].indexOf(typeof value)

function compare(a: Json, b: Json): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  return a === b || a === null || b === null ? 0 : a < b ? -1 : 1
}

type Answer = Awaited<ReturnType<typeof answerOf>>

/** A service with an empty collection `docs`. */
export interface Asked {
  ask(asked: Pick<Case, 'ask' | 'query' | 'body'>): Promise<Answer>
  close(): Promise<void>
}

const rowsOf = ({ body }: Answer): readonly Doc[] => (body as { readonly resource: readonly Doc[] }).resource

/** Requests; each is judged by all 60 documents. */
export const runs = Number(process.env.TEST_PROPERTY_RUNS ?? 170)
export const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)

/** `idOf`: the store's identifiers, of numbers. */
export function documentProperties(
  open: () => Promise<Asked>,
  skip: string | false,
  idOf: (id: number) => Json,
  requests = runs,
): void {
  test('filters, orders and pages', { skip }, async () => {
    const random = randomOf(seed)
    const docs = Array.from({ length: 60 }, (_, id) => randomDocument(random, idOf(id)))
    const { ask, close } = await open()
    try {
      const filled = await ask({ ask: 'POST docs', body: { resource: docs } })
      assert.equal(filled.status, 201)
      for (let run = 0; run < requests; run += 1) {
        const text = randomFilter(random, 3)
        const by = pick(random, fields)
        const descending = random() < 0.5
        const offset = Math.floor(random() * 10)
        const limit = 1 + Math.floor(random() * 60)
        const sign = descending ? -1 : 1
        const expected = matching(docs, text)
          .toSorted((a, b) => sign * compare(at(a, by), at(b, by)) || compare(a._id ?? null, b._id ?? null))
          .slice(offset, offset + limit)
          .map((doc) => doc._id)
        const answer = await ask({
          ask: 'GET docs',
          query: { filter: text, order: `${by}${descending ? ' desc' : ''},_id`, offset, limit, fields: '_id' },
        })
        const told = `seed ${seed}, run ${run}: ${text} by ${by}${descending ? ' desc' : ''} ${offset}+${limit}`
        assert.equal(answer.status, 200, `${told}: ${JSON.stringify(answer.body)}`)
        assert.deepEqual(
          rowsOf(answer).map((row) => row._id),
          expected,
          told,
        )
      }
    } finally {
      await close()
    }
  })

  test('walks by cursor meet every document once', { skip }, async () => {
    const random = randomOf(seed + 1)
    const { ask, close } = await open()
    try {
      const docs = Array.from({ length: 40 }, (_, id) => randomDocument(random, idOf(id)))
      await ask({ ask: 'POST docs', body: { resource: docs } })
      for (const order of ['n', 'm', 'm desc', 'd.x', 's desc,n']) {
        const met: Json[] = []
        let cursor = '*'
        while (cursor !== '') {
          const answer = await ask({ ask: 'GET docs', query: { order, cursor, limit: 7, fields: '_id' } })
          assert.equal(answer.status, 200, `${order}: ${JSON.stringify(answer.body)}`)
          met.push(...rowsOf(answer).map((row) => row._id ?? null))
          const { meta } = answer.body as { readonly meta?: { readonly next_cursor?: string } }
          cursor = meta?.next_cursor ?? ''
        }
        const whole = await ask({ ask: 'GET docs', query: { order: `${order},_id`, limit: 100, fields: '_id' } })
        assert.deepEqual(
          met,
          rowsOf(whole).map((row) => row._id),
          `seed ${seed}: ${order}`,
        )
      }
    } finally {
      await close()
    }
  })
}
