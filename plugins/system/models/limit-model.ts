/** Limits (control-plane 10.4): what must be given for each kind, and the key under which no two are alike. */
import type { RecordModel } from 'dataferry/records'
import { BadRequest, type Json } from 'dataferry/sdk'
import type { LimitBook } from '../limits/book.ts'
import { limitKinds, periods } from '../limits/kinds.ts'
import { numberAt, optionalAt, textAt } from '../store/columns.ts'
import type { Rows, StoreRow } from '../store/tables.ts'
import { idOf, kept, lowered, type ModelTools, rowOf, stamps, transactionOf } from './tools.ts'
import { checkText, Problems, textOf } from './validation.ts'
import { flagOf, referenceOf } from './values.ts'

type Members = { readonly [name: string]: Json }

const verbs: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
const parts = ['user_id', 'role_id', 'service_id', 'endpoint'] as const
const owners = { user_id: 'user', role_id: 'role', service_id: 'service' } as const

/** `withCounters`: rows show `limit_cache_by_limit_id`. */
export function limitModel(tools: ModelTools, book: LimitBook, withCounters: boolean): RecordModel {
  return {
    async prepare({ kind, record, request }) {
      const sent = lowered(record)
      const values = { ...limitValues(sent, kind === 'insert'), ...stamps(kind, request) }
      if (kind === 'insert') return { ...values, ...(await completeLimit(tools.tables, null, values)) }
      return { ...kept(sent, ['id']), ...values }
    },
    async check(session, change) {
      if (change.kind === 'delete') return
      const tx = transactionOf(tools, session)
      if (change.kind === 'insert') return checkKey(tx, null, textAt(change.record as StoreRow, 'key_text'))
      const before = await rowOf(tx, 'limits', change)
      if (before === undefined) return
      await tx.update('limits', { id: idOf(change) }, await completeLimit(tx, before, change.record as StoreRow))
    },
    async committed(changes) {
      for (const change of changes)
        if (change.kind === 'delete' || 'rate' in change.record) await book.forget(idOf(change))
      await book.load()
    },
    needs: ['id', 'rate'],
    present(row) {
      const shown = 'period' in row ? { ...row, period: periods[Number(row.period ?? 0)] ?? null } : row
      return withCounters ? { ...shown, limit_cache_by_limit_id: book.counters(Number(row.id)) } : shown
    },
  }
}

function limitValues(sent: Members, creates: boolean): StoreRow {
  const problems = new Problems()
  const values: { [column: string]: Json } = {}
  if (creates || 'name' in sent) values.name = checkText(problems, 'name', sent.name, { required: true, most: 255 })
  problems.throwIfAny()
  if (creates || 'type' in sent) {
    const type = textOf(sent.type) ?? ''
    if (!limitKinds.has(type)) throw new BadRequest(`Unknown limit type '${type}'.`)
    values.type = type
  }
  if (creates || 'rate' in sent) values.rate = rateOf(sent.rate ?? null)
  if (creates || 'period' in sent) values.period = periodOf(sent.period ?? null)
  if ('description' in sent) values.description = checkText(problems, 'description', sent.description, { most: 255 })
  for (const field of ['user_id', 'role_id', 'service_id']) {
    if (field in sent) values[field] = referenceOf(field, sent[field] ?? null)
  }
  if ('endpoint' in sent) values.endpoint = (textOf(sent.endpoint) ?? '').trim().replace(/^\/+|\/+$/g, '') || null
  if ('verb' in sent) values.verb = verbOf(sent.verb ?? null)
  if ('is_active' in sent) values.is_active = flagOf('is_active', sent.is_active ?? null, true)
  problems.throwIfAny()
  return values
}

function rateOf(sent: Json): number {
  const rate = typeof sent === 'string' && /^\d+$/.test(sent.trim()) ? Number(sent) : sent
  if (typeof rate !== 'number' || !Number.isSafeInteger(rate) || rate < 0)
    throw new BadRequest('Limit rate must be an integer. Limit not saved.')
  return rate
}

function periodOf(sent: Json): number {
  const text = String(sent ?? 0)
  const named = (periods as readonly string[]).indexOf(text)
  const period = named !== -1 ? named : Number(text)
  if (!Number.isInteger(period) || period < 0 || period >= periods.length)
    throw new BadRequest(`Unknown limit period '${text}'. One of: ${periods.join(', ')}.`)
  return period
}

function verbOf(sent: Json): string | null {
  if (sent === null || sent === '') return null
  const verb = String(sent).toUpperCase()
  if (!verbs.has(verb)) throw new BadRequest('Verb is invalid or not allowed.')
  return verb
}

/** What the kind needs is there, what it does not is emptied, and no other limit is the same. */
async function completeLimit(store: Rows, before: StoreRow | null, values: StoreRow): Promise<StoreRow> {
  const whole = { ...before, ...values }
  const kind = limitKinds.get(textAt(whole, 'type'))
  if (kind === undefined) throw new BadRequest(`Unknown limit type '${textAt(whole, 'type')}'.`)
  const name = textAt(whole, 'name')
  const more: { [column: string]: Json } = {}
  for (const part of parts) {
    if (!kind.needs.includes(part)) {
      more[part] = null
      continue
    }
    const value = whole[part] ?? null
    if (value === null) throw new BadRequest(missing(part, name))
    if (part !== 'endpoint' && (await store.rows(owners[part], { id: Number(value) })).length === 0)
      throw new BadRequest(unknown(part, name))
  }
  const key_text = keyText({ ...whole, ...more })
  await checkKey(store, before, key_text)
  return { ...more, key_text }
}

async function checkKey(store: Rows, before: StoreRow | null, key_text: string): Promise<void> {
  if ((await store.rows('limits', { key_text })).some((row) => row.id !== before?.id))
    throw new BadRequest('A limit already exists with those parameters. No records added.')
}

const missing = (part: (typeof parts)[number], name: string): string =>
  part === 'user_id' || part === 'role_id'
    ? `${part} must be specified with this limit type. Limit: ${name}`
    : `${part} must be specified with this limit type.`

const unknown = (part: (typeof parts)[number], name: string): string =>
  part === 'user_id'
    ? `user_id does not exist for ${name} limit.`
    : part === 'role_id'
      ? `No role_id exists for ${name} limit.`
      : `No service exists for ${name} limit.`

/** The parameters that tell limits apart. */
function keyText(row: StoreRow): string {
  const endpoint = optionalAt(row, 'endpoint')
  return [
    textAt(row, 'type'),
    ...(['user_id', 'role_id', 'service_id'] as const).map((field) => (row[field] ? `${field}:${row[field]}` : '')),
    endpoint === null ? '' : `endpoint:${endpoint.toLowerCase()}`,
    optionalAt(row, 'verb') ?? '',
    periods[numberAt(row, 'period')] ?? '',
  ]
    .filter((part) => part !== '')
    .join('|')
}
