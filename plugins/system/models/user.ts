/**
 * Users and administrators: one table, two faces (control-plane 1.1). What is required, what follows from what, and what ends a
 * user's sessions.
 */
import type { Json } from 'dataferry/sdk'
import { hashPassword } from '../sessions/passwords.ts'
import { endOfTokens } from '../sessions/user-facts.ts'
import { numberAt, optionalAt, textAt } from '../store/columns.ts'
import type { StoreRow, Transaction } from '../store/tables.ts'
import { secondsOf } from '../store/time.ts'
import { checkText, messages, Problems, textOf } from './validation.ts'
import { flagOf, referenceOf } from './values.ts'

type Members = { readonly [name: string]: Json }

export const passwordLeast = 16

/** In the order of the record; everything else of the table is hidden. */
export const userFields = [
  'id',
  'name',
  'username',
  'first_name',
  'last_name',
  'last_login_date',
  'email',
  'is_active',
  'phone',
  'security_question',
  'default_app_id',
  'created_date',
  'last_modified_date',
  'created_by_id',
  'last_modified_by_id',
] as const

export const noBlanks = { test: /^\S+$/, message: 'The username field format is invalid.' }

/** The columns of a record that is created, passwords hashed. Throws BadRequest with every field's message. */
export async function newUser(sent: Members): Promise<StoreRow> {
  const problems = new Problems()
  const email = checkText(problems, 'email', sent.email, { required: true, email: true, most: 255 })
  const first = textOf(sent.first_name)
  const last = textOf(sent.last_name)
  const name = checkText(problems, 'name', textOf(sent.name)?.trim() || displayName(first, last, textOf(sent.email)), {
    most: 255,
  })
  const username = checkText(problems, 'username', textOf(sent.username)?.trim() || textOf(sent.email), {
    least: 6,
    most: 255,
    pattern: noBlanks,
  })
  checkPassword(problems, sent.password)
  const values = {
    ...(email === null ? {} : emailColumns(email)),
    name,
    ...usernameColumns(username),
    ...rest(problems, sent),
  }
  problems.throwIfAny()
  return { is_active: true, ...values, ...(await secrets(sent)) }
}

/** The columns of a change; only what was sent. `name` and `username` that were emptied are made again in `completeUser`. */
export async function changedUser(sent: Members): Promise<StoreRow> {
  const problems = new Problems()
  const values: { [column: string]: Json } = {}
  if ('email' in sent) {
    const email = checkText(problems, 'email', sent.email, { required: true, email: true, most: 255 })
    if (email !== null) Object.assign(values, emailColumns(email))
  }
  if ('name' in sent) values.name = checkText(problems, 'name', sent.name, { most: 255 })
  if ('username' in sent)
    Object.assign(
      values,
      usernameColumns(checkText(problems, 'username', sent.username, { least: 6, most: 255, pattern: noBlanks })),
    )
  checkPassword(problems, sent.password)
  Object.assign(values, rest(problems, sent))
  problems.throwIfAny()
  return { ...values, ...(await secrets(sent)) }
}

/**
 * Inside the transaction: what depends on the row as it is. `before` is null on create. Setting a password and saving an inactive
 * user end all of the user's tokens.
 */
export async function completeUser(tx: Transaction, before: StoreRow | null, values: StoreRow): Promise<StoreRow> {
  const whole = { ...before, ...values }
  const more: { [column: string]: Json } = {}
  if (whole.name === null)
    more.name = displayName(optionalAt(whole, 'first_name'), optionalAt(whole, 'last_name'), textAt(whole, 'email'))
  if (whole.username === null && 'username' in values) Object.assign(more, usernameColumns(textAt(whole, 'email')))
  await checkUnique(tx, before, { ...values, ...more })
  if (before !== null && (values.password !== undefined || whole.is_active === false)) {
    more.tokens_valid_from = endOfTokens(numberAt(before, 'tokens_valid_from'), secondsOf(new Date()))
    const pending = before.confirm_code !== null && before.confirm_code !== 'y'
    if (values.password !== undefined && pending) more.confirm_code = null
  }
  return more
}

/** `confirmed` and `expired` (control-plane 1.1): a pending code is neither null nor `y`, and has a time to live. */
export function computedUser(
  row: StoreRow,
  codeTtlMinutes: number,
  now: Date,
): { readonly confirmed: boolean; readonly expired: boolean } {
  const code = optionalAt(row, 'confirm_code')
  const confirmed = code === null || code === 'y'
  const since = Date.parse(textAt(row, 'last_modified_date'))
  return { confirmed, expired: !confirmed && since + codeTtlMinutes * 60_000 < now.getTime() }
}

/** control-plane 1.1: "first last", else the local part of the email. */
export function displayName(first: string | null, last: string | null, email: string | null): string {
  const name = [first, last].filter((part) => part !== null && part.trim() !== '').join(' ')
  return name !== '' ? name : ((email ?? '').split('@')[0] ?? '')
}

const emailColumns = (email: string): StoreRow => ({ email, email_key: email.toLowerCase() })
const usernameColumns = (username: string | null): StoreRow => ({
  username,
  username_key: username?.toLowerCase() ?? null,
})

async function checkUnique(tx: Transaction, before: StoreRow | null, values: StoreRow): Promise<void> {
  const problems = new Problems()
  for (const [field, column] of [
    ['username', 'username_key'],
    ['email', 'email_key'],
  ] as const) {
    const key = values[column]
    if (typeof key !== 'string') continue
    const taken = (await tx.rows('user', { [column]: key })).some((row) => row.id !== before?.id)
    if (!taken) continue
    problems.add(field, messages.taken(field))
    // An account is told by its username; the email is only asked where that differs (control-plane 1.1).
    break
  }
  problems.throwIfAny()
}

function checkPassword(problems: Problems, sent: Json | undefined): void {
  if (sent === undefined || sent === null || sent === '') return
  if (textOf(sent) === null) problems.add('password', messages.invalid('password'))
  checkText(problems, 'password', sent, { least: passwordLeast })
}

async function secrets(sent: Members): Promise<StoreRow> {
  const password = textOf(sent.password)
  const securityAnswer = textOf(sent.security_answer)
  return {
    ...(password ? { password: await hashPassword(password) } : {}),
    ...(securityAnswer ? { security_answer: await hashPassword(securityAnswer) } : {}),
  }
}

/** The plain fields that were sent. */
function rest(problems: Problems, sent: Members): StoreRow {
  const values: { [column: string]: Json } = {}
  for (const [field, most] of [
    ['first_name', 255],
    ['last_name', 255],
    ['phone', 32],
    ['security_question', 255],
  ] as const) {
    if (field in sent) values[field] = checkText(problems, field, sent[field], { most })
  }
  if ('is_active' in sent) values.is_active = flagOf('is_active', sent.is_active ?? null, true)
  if ('default_app_id' in sent) values.default_app_id = referenceOf('default_app_id', sent.default_app_id ?? null)
  return values
}
