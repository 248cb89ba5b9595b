/** One question of the suite: what a role asks, and what it may learn and change by it. */
import assert from 'node:assert/strict'
import type { Engine } from './engines.ts'
import { type Answer, dump, fill, type House, type Sent } from './house.ts'
import { type RoleDefinition, type RoleName, roles } from './world.ts'

export interface Case extends Sent {
  readonly name: string
  readonly as: RoleName
  readonly ask: string
  /** One of these. */
  readonly status: number | readonly number[]
  /** The ids (or another field, by `field`) of the rows answered, in any order. */
  readonly ids?: readonly unknown[]
  readonly field?: string
  /** The whole body. */
  readonly answer?: unknown
  /** What the text of the answer holds. */
  readonly says?: RegExp
  /** What it may not hold, besides what the role may never learn. */
  readonly never?: RegExp
  /**
   * `from:to`. The same question with one name in the place of another must be answered alike: nothing tells whether there is such a thing.
   * Left out: any name `hush_...` in the place of one that does not exist. null: no such question.
   */
  readonly twin?: string | null
  /** Statements that look whether what was to happen did: each answers one row with one number, `far: ` asks the other service. Left out: nothing may have changed. */
  readonly changes?: { readonly [sql: string]: number }
  /** The same on every database: asked of the first alone. */
  readonly once?: true
}

/** Cases that differ in name, question and little else. */
export const group = (common: Partial<Case>, cases: readonly Partial<Case>[]): readonly Case[] =>
  cases.map((each) => ({ ...common, ...each }) as Case)

export async function runCase(house: House, engine: Engine, each: Case, pristine: string): Promise<void> {
  const { ask, as, changes } = each
  const twin = await askTwin(house, engine, each)
  const mayChange = !ask.startsWith('GET ') || 'body' in each
  if (twin !== null && mayChange) await restore(engine, pristine)
  const answer = await send(house, engine, each)
  try {
    check(each, answer)
    tellsNothing(each, answer, roles[as])
    if (twin !== null)
      assert.deepEqual(
        { status: answer.status, text: twin.text(answer.text) },
        twin.answer,
        'its twin is answered alike',
      )
    if (changes !== undefined) await checkChanges(engine, changes)
    else if (mayChange) assert.equal(await dump(engine), pristine, 'nothing is changed')
  } catch (error) {
    if (error instanceof Error)
      error.message = `${as}: ${ask} ${JSON.stringify(each.body ?? '')}\n${answer.status} ${answer.text.slice(0, 2000)}\n${error.message}`
    throw error
  } finally {
    if (mayChange) await restore(engine, pristine)
  }
}

async function restore(engine: Engine, pristine: string): Promise<void> {
  if ((await dump(engine)) !== pristine) await fill(engine)
}

const send = (house: House, engine: Engine, { ask, as, body, headers }: Case): Promise<Answer> =>
  house.send(ask, engine.service, { ...(body === undefined ? {} : { body }), headers: { ...house.as(as), ...headers } })

function check(each: Case, { status, text }: Answer): void {
  const statuses = typeof each.status === 'number' ? [each.status] : each.status
  assert.ok(statuses.includes(status), `status ${status} instead of ${statuses.join(' or ')}`)
  if (each.ids !== undefined) {
    const rows = (JSON.parse(text) as { readonly resource: readonly { readonly [field: string]: unknown }[] }).resource
    const found = rows.map((row) => (typeof row === 'object' ? row[each.field ?? 'id'] : row))
    assert.deepEqual(sorted(found), sorted(each.ids))
  }
  if (each.answer !== undefined) assert.deepEqual(JSON.parse(text), each.answer)
  if (each.says !== undefined) assert.match(text, each.says)
}

const sorted = (values: readonly unknown[]): readonly string[] => values.map((value) => JSON.stringify(value)).sort()

/** What a client wrote itself may come back to it in a message. */
function tellsNothing(each: Case, answer: Answer, { never }: RoleDefinition): void {
  const said = without(answer.text, each, never)
  assert.doesNotMatch(said, never, 'the answer tells what the role may not learn')
  if (each.never !== undefined) assert.doesNotMatch(said, each.never)
  if (answer.status >= 400) assert.doesNotMatch(said, /SQLITE|SQLSTATE|syntax error|\bselect\b.+\bfrom\b|at .*\.ts:\d/i)
  for (const [name, value] of answer.headers)
    if (!arbitrary.has(name)) assert.doesNotMatch(`${name}: ${value}`, /SECRET|FOREIGN|777\d{4}|hush_/)
}

/** Random numbers and digests, which hold any digits now and then. */
const arbitrary: ReadonlySet<string> = new Set(['x-request-id', 'etag'])

/** Of an error only, where what was sent is repeated; what succeeds repeats nothing. */
function without(text: string, { ask, body, status }: Case, never: RegExp): string {
  if (typeof status === 'number' && status < 400) return text
  const sent = [ask, JSON.stringify(body ?? '')].flatMap((part) => part.match(/[\w.*()-]+(?: ?[\w.*()-]+)*/g) ?? [])
  const words = new Set(sent.flatMap((part) => [part, ...part.split(/[^\w.-]+/)]).filter((word) => never.test(word)))
  return [...words]
    .sort((a, b) => b.length - a.length)
    .reduce((left, word) => left.replaceAll(new RegExp(escaped(word), 'gi'), ''), text)
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

interface Twin {
  readonly answer: { readonly status: number; readonly text: string }
  /** The answer of the case itself, with the names of its twin. */
  readonly text: (text: string) => string
}

async function askTwin(house: House, engine: Engine, each: Case): Promise<Twin | null> {
  const swap = swapOf(each)
  if (swap === null) return null
  const swapped: Case = {
    ...each,
    ask: swap(each.ask),
    ...(each.body === undefined ? {} : { body: JSON.parse(swap(JSON.stringify(each.body))) }),
  }
  const { status, text } = await send(house, engine, swapped)
  return { answer: { status, text }, text: swap }
}

function swapOf({ twin, ask, body, as }: Case): ((text: string) => string) | null {
  if (twin === null) return null
  if (twin !== undefined) {
    const [from = '', to = ''] = twin.split(':')
    const pattern = new RegExp(`(?<![\\w-])${escaped(from)}(?![\\w-])`, 'g')
    return (text) => text.replaceAll(pattern, to)
  }
  if (!hiding.has(as) || !/hush_/i.test(`${ask}${JSON.stringify(body ?? '')}`)) return null
  return (text) => text.replaceAll(/hush_([a-z]+)/gi, (_, rest: string) => `none_${rest}`)
}

const hiding: ReadonlySet<RoleName> = new Set(['shy', 'blindfold', 'abroad'])

async function checkChanges(engine: Engine, changes: { readonly [sql: string]: number }): Promise<void> {
  for (const [sql, expected] of Object.entries(changes)) {
    const [rows] = sql.startsWith('far: ') ? await engine.far.rows([sql.slice(5)]) : await engine.rows([sql])
    const [row] = rows ?? []
    const [value] = Object.values(row as { readonly [column: string]: unknown })
    assert.equal(Number(value), expected, sql)
  }
}
