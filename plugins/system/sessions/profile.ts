/** `user/profile` and `system/admin/profile` (control-plane 1.7): what people may see and change of their own account. */
import { type ApiReply, type ApiRequest, BadRequest, type Json, NotFound } from 'dataferry/sdk'
import { writeAudit } from '../audit/log.ts'
import { noBlanks } from '../models/user.ts'
import { checkText, messages, Problems, textOf } from '../models/validation.ts'
import { referenceOf } from '../models/values.ts'
import { optionalAt, optionalNumberAt, textAt } from '../store/columns.ts'
import type { StoreRow, Tables } from '../store/tables.ts'
import { stampOf } from '../store/time.ts'
import type { AccountBook } from './accounts.ts'
import { answer, bodyOf, noSuchVerb, textMember } from './body.ts'
import type { PasswordResource } from './password.ts'
import { hashPassword } from './passwords.ts'
import { type Face, noSession, notAuthorized, type SessionResource } from './session.ts'

export interface ProfileDeps {
  readonly store: Tables
  readonly accounts: AccountBook
  readonly sessions: SessionResource
  readonly passwords: PasswordResource
}

export class ProfileResource {
  readonly #deps: ProfileDeps

  constructor(deps: ProfileDeps) {
    this.#deps = deps
  }

  async handle(face: Face, request: ApiRequest): Promise<ApiReply> {
    if (request.verb === 'DELETE') throw noSuchVerb(request.verb, 'profile')
    const { user } = request.caller
    if (user === null) throw noSession()
    if (user.isSysAdmin !== (face === 'admin')) throw notAuthorized()
    const [row] = await this.#deps.store.rows('user', { id: user.id })
    if (row === undefined) throw new NotFound(`Record with identifier '${user.id}' not found.`)
    return request.verb === 'GET' ? answer(shown(row)) : this.#update(row, request)
  }

  async #update(row: StoreRow, request: ApiRequest): Promise<ApiReply> {
    const body = bodyOf(request)
    const id = Number(row.id)
    const emailChanges = await this.#confirmEmail(row, request)
    const values = await valuesOf(body, row)
    await this.#deps.store.transaction(async (tx) => {
      const problems = new Problems()
      for (const [field, column] of [
        ['email', 'email_key'],
        ['username', 'username_key'],
      ] as const) {
        const key = values[column]
        if (typeof key !== 'string') continue
        const taken = (await tx.rows('user', { [column]: key })).some((other) => other.id !== row.id)
        if (taken) problems.add(field, messages.taken(field))
      }
      const app = values.default_app_id
      if (typeof app === 'number' && (await tx.rows('app', { id: app })).length === 0)
        problems.add('default_app_id', messages.invalid('default_app_id'))
      problems.throwIfAny()
      await tx.update('user', { id }, { ...values, last_modified_date: stampOf(new Date()), last_modified_by_id: id })
      const after = { ...row, ...values }
      await writeAudit(tx, request, { action: 'update', resource: 'user', id: String(id), before: row, after })
    })
    this.#deps.accounts.changed(id)
    const user = emailChanges ? await this.#deps.accounts.user(id) : null
    if (user === null) return answer({ success: true })
    // The old token names the old email.
    const { token } = await this.#deps.sessions.open(user, request, request.caller.session?.claims.forever === true)
    return answer({ success: true, session_token: token })
  }

  /** The present address sent again is no change; another one needs the password, asked for before the address is looked at. */
  async #confirmEmail(row: StoreRow, request: ApiRequest): Promise<boolean> {
    const body = bodyOf(request)
    if (!('email' in body) || textOf(body.email) === textAt(row, 'email')) return false
    const password = textMember(body, 'current_password')
    if (password === null) throw new BadRequest('Current Password required to change email')
    await this.#deps.passwords.confirm(Number(row.id), password, request.address)
    return true
  }
}

/** External logins show '' when unset, everything else null. */
function shown(row: StoreRow): Json {
  return {
    username: optionalAt(row, 'username'),
    first_name: optionalAt(row, 'first_name'),
    last_name: optionalAt(row, 'last_name'),
    name: textAt(row, 'name'),
    email: textAt(row, 'email'),
    phone: optionalAt(row, 'phone'),
    security_question: optionalAt(row, 'security_question'),
    default_app_id: optionalNumberAt(row, 'default_app_id'),
    oauth_provider: textAt(row, 'oauth_provider'),
    adldap: textAt(row, 'adldap'),
  }
}

/** The columns to set; members that are not of the profile are ignored. */
async function valuesOf(body: { readonly [name: string]: Json }, row: StoreRow): Promise<StoreRow> {
  const problems = new Problems()
  const values: { [column: string]: Json } = {}
  if ('email' in body) {
    const email = checkText(problems, 'email', body.email, { required: true, email: true, most: 255 })
    if (email !== null) Object.assign(values, { email, email_key: email.toLowerCase() })
  }
  if ('username' in body && textOf(body.username) !== optionalAt(row, 'username')) {
    const username = checkText(problems, 'username', body.username, { least: 6, most: 255, pattern: noBlanks })
    Object.assign(values, { username, username_key: username?.toLowerCase() ?? null })
  }
  if ('name' in body) values.name = checkText(problems, 'name', body.name, { most: 255 }) ?? textAt(row, 'name')
  for (const [field, most] of [
    ['first_name', 255],
    ['last_name', 255],
    ['phone', 32],
    ['security_question', 255],
  ] as const) {
    if (field in body) values[field] = checkText(problems, field, body[field], { most })
  }
  if ('default_app_id' in body) values.default_app_id = referenceOf('default_app_id', body.default_app_id ?? null)
  problems.throwIfAny()
  const securityAnswer = 'security_answer' in body ? textOf(body.security_answer) : null
  if (securityAnswer) values.security_answer = await hashPassword(securityAnswer)
  return values
}
