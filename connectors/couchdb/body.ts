/** Documents as they are written: which names and values they may have, and what a change makes of one. */
import type { Change } from 'dataferry/document'
import { overlap } from 'dataferry/records'
import { BadRequest, Decimal, type Json } from 'dataferry/sdk'
import type { Members } from './client.ts'

/** A document as the server gives it. */
export interface Stored extends Members {
  readonly _id: string
  readonly _rev: string
}

/** Names of the server's own that a client may send. */
const reserved: ReadonlySet<string> = new Set(['_id', '_rev', '_attachments'])

/** Throws BadRequest for what can be no identifier; those of the server's own documents begin with an underscore. */
export function idOf(value: Json): string {
  const id = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
  if (typeof id !== 'string' || id === '') throw new BadRequest("'_id' must be a text that is not empty.")
  if (id.startsWith('_')) throw new BadRequest("'_id' can not begin with an underscore.")
  return id
}

/** The fields of a document without `_id` and `_rev`. Throws BadRequest for names that it can't have. */
export function membersOf(document: Members): Members {
  const made: { [name: string]: Json } = Object.create(null)
  for (const [name, value] of Object.entries(document)) {
    if (name === '_id' || name === '_rev') continue
    checkTop(name)
    if (name.includes('.')) throw badName(name)
    made[name] = storable(value, name)
  }
  return made
}

/** `_deleted` would delete, and others are for replication. */
function checkTop(name: string): void {
  if (name.startsWith('_') && !reserved.has(name))
    throw new BadRequest(
      `A field can not be named '${name}': names with an underscore in front belong to the database.`,
    )
}

const badName = (name: string): BadRequest =>
  new BadRequest(`A field can not be named '${name}': names are not empty, and hold no dot and no '$' in front.`)

/** Dates are texts here. Attachments have names of files. */
function storable(value: Json, top: string): Json {
  if (value === null || typeof value !== 'object' || value instanceof Decimal || top === '_attachments') return value
  if (Array.isArray(value)) return value.map((each) => storable(each as Json, top))
  const names = Object.keys(value)
  const [first] = names
  if (names.length === 1 && first === '$date') return dateOf((value as Members).$date ?? null)
  const made: { [name: string]: Json } = Object.create(null)
  for (const name of names) {
    if (name === '' || name.startsWith('$') || name.includes('.') || name.includes('\0')) throw badName(name)
    made[name] = storable((value as Members)[name] ?? null, top)
  }
  return made
}

function dateOf(value: Json): string {
  const date =
    value === null || value === '' ? new Date() : new Date(typeof value === 'number' ? value * 1000 : String(value))
  if (Number.isNaN(date.getTime())) throw new BadRequest('A date of the request can not be read.')
  return date.toISOString()
}

/** The revision that a client says it knows; null: none. Throws BadRequest. */
export function revisionIn(value: Json | undefined): string | null {
  if (value === undefined || value === null || value === '') return null
  if (typeof value !== 'string') throw new BadRequest("'_rev' must be a text.")
  return value
}

/** The document with the change made, `_id` and `_rev` as they were. Throws BadRequest where it can't be made. */
export function changed(document: Members, { set, raise }: Change): Members {
  const paths = [...set, ...raise].map(([path]) => path)
  for (const [at, path] of paths.entries()) {
    if (paths.slice(at + 1).some((other) => overlap(path, other)))
      throw new BadRequest('A field is set twice: by itself and by a path.')
  }
  let made = document
  for (const [path, value] of set) {
    if (path === '_id' || path === '_rev') continue
    const segments = checkedPath(path)
    made = withValue(made, segments, () => storable(value, segments[0] ?? '')) as Members
  }
  for (const [path, by] of raise) made = withValue(made, checkedPath(path), (was) => raised(path, was, by)) as Members
  return made
}

function checkedPath(path: string): readonly string[] {
  const segments = path.split('.')
  checkTop(segments[0] ?? '')
  return segments
}

function withValue(here: Json, [head = '', ...rest]: readonly string[], next: (was: Json | undefined) => Json): Json {
  if (Array.isArray(here)) {
    const at = Number(head)
    if (!/^\d+$/.test(head) || at > here.length)
      throw new BadRequest('A path leads through a field that holds no object.')
    const list = [...(here as readonly Json[])]
    list[at] = rest.length === 0 ? next(list[at]) : withValue(list[at] ?? {}, rest, next)
    return list
  }
  if (here === null || typeof here !== 'object' || here instanceof Decimal)
    throw new BadRequest('A path leads through a field that holds no object.')
  const members = here as Members
  const was = Object.hasOwn(members, head) ? (members[head] ?? null) : undefined
  return { ...members, [head]: rest.length === 0 ? next(was) : withValue(was === undefined ? {} : was, rest, next) }
}

function raised(path: string, was: Json | undefined, by: Json): Json {
  const value = was === undefined ? 0 : was
  if (!isNumber(value) || !isNumber(by)) throw new BadRequest(`Field '${path}' holds no number that could be raised.`)
  const sum = Number(value) + Number(by)
  if (!Number.isInteger(Number(value)) || !Number.isInteger(Number(by)) || Number.isSafeInteger(sum)) return sum
  return BigInt(value) + BigInt(by)
}

const isNumber = (value: Json): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'
