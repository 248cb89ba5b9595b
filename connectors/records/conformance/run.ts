/** Runs one case: its request, what came of it, and what is there afterwards. */
import assert from 'node:assert/strict'
import type { Json, Service } from 'dataferry/sdk'
import { type Answer, answerOf, plain, requestOf, sameInEveryFormat } from './house.ts'
import type { Case, Subject } from './types.ts'

/** Whether the source has all that the case needs. */
export const meets = ({ cannot = [] }: Subject, { ask, needs = [] }: Case): boolean =>
  !needs.some((each) => cannot.includes(each)) && (ask.startsWith('GET ') || !cannot.includes('write'))

/** The tables that the case may change, as it names them; null: any, as with records that hold related ones. */
export function written({ ask, body, after = [], touches = [] }: Case): readonly string[] | null {
  const asks = [ask, ...after.map((each) => each.ask)].filter((each) => !each.startsWith('GET '))
  if (asks.length > 0 && body !== undefined && isNested(body)) return null
  return [...asks.map((each) => decodeURIComponent(/^\w+ ([^/?]*)/.exec(each)?.[1] ?? '')), ...touches]
}

const isNested = (body: Json): boolean =>
  typeof body === 'object' &&
  body !== null &&
  (Object.keys(body).some((name) => name.includes('_by_')) || Object.values(body).some(isNested))

interface Running {
  /** false, where the source may only answer 501. */
  readonly able: boolean
  /** A read is made in every format. */
  readonly formats: boolean
  readonly subject: Subject
}

/** Throws AssertionError. */
export async function runCase(service: Service, each: Case, { able, formats, subject }: Running): Promise<void> {
  const ask = async (asked: Pick<Case, 'ask'>): Promise<Answer> => {
    const { status, body } = await answerOf(service, requestOf(asked))
    return { status, body: asCasesSay(body, subject) }
  }
  const answer = await ask(each)
  tellsNothing(each, answer)
  if (!able) {
    // What is refused to begin with may be refused with its own status.
    if (answer.status !== each.status || answer.status < 400) assert.equal(answer.status, 501, told(each, answer))
    return
  }
  check(each, answer)
  if (formats && each.ask.startsWith('GET ') && answer.status === 200) await sameInEveryFormat(service, requestOf(each))
  for (const later of each.after ?? []) check(later, await ask(later))
}

/** Without what the source adds, and with the numbers that identifiers of text stand for. */
function asCasesSay(body: Json, subject: Subject): Json {
  const { textIds, given = [] } = subject
  if (textIds !== true && given.length === 0) return body
  if (Array.isArray(body)) return body.map((each) => asCasesSay(each, subject))
  if (!isMembers(body)) return body
  const said = Object.entries(body).filter(([name]) => !given.includes(name))
  return Object.fromEntries(
    said.map(([name, value]) => {
      const isNumber = textIds === true && name === '_id' && typeof value === 'string' && /^\d+$/.test(value)
      return [name, isNumber ? Number(value) : asCasesSay(value, subject)]
    }),
  )
}

type Expected = Partial<Case> & Pick<Case, 'ask'>

function check(each: Expected, answer: Answer): void {
  assert.equal(answer.status, each.status ?? 200, told(each, answer))
  if (typeof each.answer === 'function') each.answer(answer.body, answer.status)
  else if (each.answer !== undefined) assert.deepEqual(answer.body, plain(each.answer), told(each, answer))
  if (each.ids !== undefined) {
    const field = each.field ?? 'id'
    const ids = rowsOf(answer.body).map((row) => row[field] ?? null)
    assert.deepEqual(arranged(ids, each), arranged(each.ids.map(plain), each), told(each, answer))
  }
  if (each.count !== undefined) assert.equal(rowsOf(answer.body).length, each.count, told(each, answer))
  if (each.message !== undefined) {
    const message = messageOf(answer.body)
    if (typeof each.message === 'string') assert.equal(message, each.message)
    else assert.match(message, each.message)
  }
}

/** Rows without an order may come in any. */
function arranged(ids: readonly Json[], { ask, body }: Expected): readonly Json[] {
  if (body !== undefined || /[?&](order|order_by|sort|ids)=/.test(ask)) return ids
  return ids.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))
}

const told = ({ ask }: Expected, { status, body }: Answer): string => `${ask}: ${status} ${JSON.stringify(body)}`

type Members = { readonly [name: string]: Json }
const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function rowsOf(body: Json): readonly Members[] {
  const list = isMembers(body) ? body.resource : body
  assert.ok(Array.isArray(list), `a list was expected: ${JSON.stringify(body)}`)
  return list as readonly Members[]
}

/** The messages of an error and of the entries of a batch, one a line. */
function messageOf(body: Json): string {
  const error = isMembers(body) && isMembers(body.error) ? body.error : {}
  const context = isMembers(error.context) ? error.context : {}
  const entries = Array.isArray(context.resource) ? (context.resource as readonly Json[]) : []
  const inner = entries.filter(isMembers).filter((entry) => typeof entry.status_code === 'number')
  return [error, ...inner].map((each) => String(each.message)).join('\n')
}

const secrets =
  /\b(select|insert into|update \w+ set|delete from|sqlite|postgres|mysql|mariadb|sqlstate|errno|constraint failed|syntax error|relation ")\b/i

/** No error holds SQL or the database's own words, and none is an accident (data-plane 2.11). */
function tellsNothing({ ask, status: expected = 200 }: Case, { status, body }: Answer): void {
  if (status < 400) return
  const message = messageOf(body)
  // What the client wrote itself may come back.
  const own = message.replace(/'(.+?)'/gs, (quoted, inner: string) => (ask.includes(inner) ? '' : quoted))
  assert.doesNotMatch(own, secrets)
  const failed = JSON.stringify(body).match(/"status_code":5\d\d/g) ?? []
  assert.ok(expected >= 500 || failed.every((each) => each.endsWith('501')), `an accident: ${message}`)
}
