/**
 * Raw options of a request (query parameters and top-level members of the payload) as typed ones (data-plane 2.8, 3.3).
 * What a client may send in any form becomes one form here; unknown options are ignored; nothing is looked up in a table yet.
 */
import { BadRequest, Decimal, type Json, type RawOptions } from 'dataferry/sdk'
import { jsonText } from './json.ts'

/** `all`: `*`; `ids`: an empty list; null: not asked. */
export type FieldsAsked = null | 'all' | 'ids' | readonly string[]

/** How one relation is read (data-plane 5.3). */
export interface RelationOptions {
  readonly fields: FieldsAsked
  readonly filter: string | null
  readonly limit: number | null
  /** How many children of each parent are skipped. */
  readonly offset: number
  readonly order: string | null
  readonly group: string | null
}

/** Typed options. Texts are trimmed, empty ones are null. */
export interface RecordOptions {
  readonly fields: FieldsAsked
  readonly filter: string | null
  /** Named values of the filter, keys with their colon. */
  readonly params: ReadonlyMap<string, Json>
  /** null: not given, or nothing that limits: the service's maximum is imposed. */
  readonly limit: number | null
  readonly offset: number
  readonly order: string | null
  readonly group: string | null
  readonly ids: readonly Json[] | null
  readonly idField: readonly string[] | null
  /** Lower-case names; with dots they lead on from one relation to the next, `*` is all of a level. */
  readonly related: 'all' | readonly string[]
  readonly includeCount: boolean
  readonly countOnly: boolean
  readonly includeSchema: boolean
  readonly asList: boolean
  readonly continue: boolean
  readonly rollback: boolean
  readonly force: boolean
  /** Children that may not lose their parent are deleted instead (data-plane 5.5). */
  readonly allowRelatedDelete: boolean
  /** Conditions over groups. */
  readonly having: string | null
  /** Rows that are equal in all fields asked for come once. */
  readonly distinct: boolean
  /** Records that are there are updated, others inserted. */
  readonly upsert: boolean
  /** Paging by cursor: '' begins, another text goes on behind the last row that it was made of. null: not asked for. */
  readonly cursor: string | null
  /** The plan and its SQL instead of rows. */
  readonly explain: boolean
  /** The options of one relation, by its lower-case name, with dots where it leads on from another. Throws BadRequest. */
  relation(name: string): RelationOptions
}

type Members = { readonly [key: string]: Json }

const truths: ReadonlySet<string> = new Set(['true', '1', 'yes', 'y', 't', 'on'])

/** data-plane 2.8: these words are true in any case, everything else is false. */
export function booleanOption(value: Json | undefined): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value) === 1
  return typeof value === 'string' && truths.has(value.trim().toLowerCase())
}

const noParams: ReadonlyMap<string, Json> = new Map()
const noNames: readonly string[] = []

/**
 * `payload`: the members of the body whose options count (data-plane 2.8); null where none do, as by id. `reads`: the request is a
 * GET, where every option may stand in the payload. Throws BadRequest for a filter that is no string (4.10).
 */
export function parseOptions(query: RawOptions, payload: Members | null, reads: boolean): RecordOptions {
  if (query.size === 0 && payload === null) return noOptions
  return optionsFrom(new RawReader(query, payload, reads))
}

function optionsFrom(raw: RawReader): RecordOptions {
  return {
    fields: fieldsOption(raw.shared('fields', ['select'], true)),
    filter: filterOption(raw.shared('filter', ['where'])),
    params: paramsOption(raw.shared('params')),
    limit: limitOption(raw.shared('limit', ['top'])),
    offset: offsetOption(raw.shared('offset', ['skip'])),
    order: textOption(raw.shared('order', ['sort', 'order_by'])),
    group: textOption(raw.shared('group', ['group_by'])),
    ids: idsOption(raw.shared('ids')),
    idField: listOption(raw.query('id_field')),
    related: relatedOption(raw.query('related')),
    includeCount: booleanOption(raw.query('include_count')),
    countOnly: booleanOption(raw.shared('count_only')),
    includeSchema: booleanOption(raw.query('include_schema')),
    asList: booleanOption(raw.query('as_list')),
    continue: booleanOption(raw.shared('continue')),
    rollback: booleanOption(raw.shared('rollback')),
    force: booleanOption(raw.query('force')),
    allowRelatedDelete: booleanOption(raw.query('allow_related_delete')),
    having: textOption(raw.query('having')),
    distinct: booleanOption(raw.query('distinct')),
    upsert: booleanOption(raw.query('upsert')),
    cursor: cursorOption(raw.shared('cursor', noNames, true)),
    explain: booleanOption(raw.query('explain')),
    relation: (name) => relationOptions(raw, name),
  }
}

/** Looks names up in both places, in the contract's order. A dot in the name of a query parameter counts as `_`. */
class RawReader {
  readonly #query: RawOptions
  readonly #payload: Members | null
  readonly #reads: boolean
  #anyCase: Map<string, Json> | null = null

  constructor(query: RawOptions, payload: Members | null, reads: boolean) {
    this.#query = underscored(query)
    this.#payload = payload
    this.#reads = reads
  }

  /** Canonical name in the query, in the payload, then aliases in the query, in the payload. */
  shared(name: string, aliases: readonly string[] = noNames, emptyCounts = false): Json | undefined {
    const canonical = this.#both(name, emptyCounts)
    if (canonical !== undefined || aliases.length === 0) return canonical
    for (const alias of aliases) {
      const value = given(this.#query.get(alias), emptyCounts)
      if (value !== undefined) return value
    }
    if (this.#payload === null) return undefined
    for (const alias of aliases) {
      const value = given(this.#payload[alias], emptyCounts)
      if (value !== undefined) return value
    }
    return undefined
  }

  /** An option of the query, which the payload of a GET may hold too. */
  query(name: string): Json | undefined {
    return this.#both(name, false, this.#reads)
  }

  /** In any case: names of relations are so. */
  anyCase(name: string): Json | undefined {
    this.#anyCase ??= new Map([
      ...(this.#reads && this.#payload ? Object.entries(this.#payload) : []).map(
        ([key, value]) => [key.replaceAll('.', '_').toLowerCase(), value] as const,
      ),
      ...[...this.#query].map(([key, value]) => [key.toLowerCase(), value] as const),
    ])
    return this.#anyCase.get(name)
  }

  #both(name: string, emptyCounts: boolean, payloadToo = true): Json | undefined {
    const value = given(this.#query.get(name), emptyCounts)
    if (value !== undefined || this.#payload === null || !payloadToo) return value
    return given(this.#payload[name], emptyCounts)
  }
}

function underscored(query: RawOptions): RawOptions {
  for (const key of query.keys()) {
    if (!key.includes('.')) continue
    const map = new Map<string, Json>()
    for (const [each, value] of query) map.set(each.replaceAll('.', '_'), value)
    return map
  }
  return query
}

function given(value: Json | undefined, emptyCounts: boolean): Json | undefined {
  return value === null || (value === '' && !emptyCounts) ? undefined : value
}

function textOption(value: Json | undefined): string | null {
  if (value === undefined || value === null) return null
  if (Array.isArray(value)) return value.map(plain).join(',') || null
  return typeof value === 'object' && !(value instanceof Decimal) ? null : String(value).trim() || null
}

const plain = (value: Json): string =>
  value === null || (typeof value === 'object' && !(value instanceof Decimal)) ? '' : String(value)

/** A comma list, an array or a map of names, without blanks around them and without empty ones; null where nothing is given. */
function listOption(value: Json | undefined): readonly string[] | null {
  if (value === undefined || value === null) return null
  const names = namesOf(value)
  return names.length === 0 ? null : names
}

function namesOf(value: Json): readonly string[] {
  const parts =
    typeof value === 'object' && value !== null && !(value instanceof Decimal)
      ? Object.values(value).map(plain)
      : plain(value).split(',')
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function fieldsOption(value: Json | undefined): FieldsAsked {
  if (value === undefined || value === null) return null
  if (value === '*') return 'all'
  const names = namesOf(value)
  if (names.length === 0) return 'ids'
  return names.length === 1 && names[0] === '*' ? 'all' : names
}

function filterOption(value: Json | undefined): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  // One in the source's own language; where there is none, it is refused like any other that can't be read.
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Decimal)
    throw new BadRequest('Invalid or unparsable filter request.')
  return jsonText(value)
}

function paramsOption(value: Json | undefined): ReadonlyMap<string, Json> {
  if (value === undefined || value === null || typeof value !== 'object' || value instanceof Decimal) return noParams
  return Array.isArray(value) ? noParams : new Map(Object.entries(value))
}

function numberOf(value: Json | undefined): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Math.trunc(Number(value))
  if (typeof value === 'string' && value.trim() !== '') return Math.trunc(Number(value))
  return value instanceof Decimal ? Math.trunc(Number(value.digits)) : Number.NaN
}

function limitOption(value: Json | undefined): number | null {
  const limit = numberOf(value)
  return limit > 0 && Number.isSafeInteger(limit) ? limit : null
}

/** Behind the end of every table; its sum with a limit is exact. */
const mostOffset = 2 ** 52

function offsetOption(value: Json | undefined): number {
  const offset = numberOf(value)
  return offset > 0 ? Math.min(offset, mostOffset) : 0
}

/** `*` begins like the empty text, for clients that leave empty parameters out. */
function cursorOption(value: Json | undefined): string | null {
  if (value === undefined) return null
  const text = typeof value === 'string' ? value.trim() : String(value)
  return text === '*' ? '' : text
}

function idsOption(value: Json | undefined): readonly Json[] | null {
  if (value === undefined || value === null) return null
  if (Array.isArray(value)) return value.length === 0 ? null : value
  if (typeof value === 'string') {
    const ids = splitIds(value)
    return ids.length === 0 ? null : ids
  }
  if (typeof value !== 'object' || value instanceof Decimal) return [value]
  const members = Object.values(value)
  return members.length === 0 ? null : members
}

/** Splits at commas outside of parentheses: `(1,2),(3,4)` are two composite keys, `1,2` two plain ones (data-plane 3.12). */
export function splitIds(text: string): readonly string[] {
  if (!text.includes('('))
    return text
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '')
  const ids: string[] = []
  let from = 0
  let depth = 0
  for (let at = 0; at <= text.length; at += 1) {
    const sign = text[at]
    if (sign === '(') depth += 1
    else if (sign === ')') depth = Math.max(0, depth - 1)
    else if ((sign === ',' && depth === 0) || sign === undefined) {
      const id = text.slice(from, at).trim()
      if (id !== '') ids.push(id)
      from = at + 1
    }
  }
  return ids
}

function relatedOption(value: Json | undefined): 'all' | readonly string[] {
  if (value === undefined || value === null) return noNames
  const names = namesOf(value)
  return names.length === 1 && names[0] === '*' ? 'all' : names.map((name) => name.toLowerCase())
}

function relationOptions(raw: RawReader, name: string): RelationOptions {
  const option = (of: string): Json | undefined => raw.anyCase(`${name.replaceAll('.', '_')}_${of}`)
  const whole = (of: string): Json | undefined => given(option(of), false)
  return {
    fields: fieldsOption(option('fields')),
    filter: filterOption(whole('filter')),
    limit: limitOption(whole('limit')),
    offset: offsetOption(whole('offset')),
    order: textOption(whole('order')),
    group: textOption(whole('group')),
  }
}

const noOptions = optionsFrom(new RawReader(new Map(), null, false))

/** What is read with no options at all: whole rows. */
export const noRelationOptions: RelationOptions = {
  fields: null,
  filter: null,
  limit: null,
  offset: 0,
  order: null,
  group: null,
}
