/** `user/password` and `system/admin/password` (control-plane 1.6): the change of a known password. */

import { booleanOption } from 'dataferry/records'
import { type ApiReply, type ApiRequest, BadRequest, NotImplemented, Unauthorized, type UserFacts } from 'dataferry/sdk'
import { messages, Problems } from '../models/validation.ts'
import { numberAt, optionalAt } from '../store/columns.ts'
import type { Tables } from '../store/tables.ts'
import { secondsOf, stampOf } from '../store/time.ts'
import type { AccountBook } from './accounts.ts'
import { answer, bodyOf, noSuchVerb, textMember } from './body.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import type { Face, SessionResource } from './session.ts'
import type { LoginThrottle } from './throttle.ts'
import { endOfTokens } from './user-facts.ts'

/** The shortest password that these resources take; records ask for more (control-plane 1.1). */
const least = 8

export interface PasswordDeps {
  readonly store: Tables
  readonly accounts: AccountBook
  readonly sessions: SessionResource
  readonly throttle: LoginThrottle
}

export class PasswordResource {
  readonly #deps: PasswordDeps

  constructor(deps: PasswordDeps) {
    this.#deps = deps
  }

  /** PUT and PATCH are other names of POST. Which branch is taken is decided in the order of control-plane 1.6. */
  async handle(face: Face, request: ApiRequest): Promise<ApiReply> {
    if (request.verb === 'GET' || request.verb === 'DELETE') throw noSuchVerb(request.verb, 'password')
    const body = bodyOf(request)
    const { user } = request.caller
    if (user !== null && 'old_password' in body) return this.#change(face, user, request)
    if (booleanOption(request.query.get('reset')) || 'code' in body || 'security_answer' in body) {
      throw new NotImplemented('This server can not reset forgotten passwords yet. An administrator can set a new one.')
    }
    throw new BadRequest('Not enough information provided to change password.')
  }

  async #change(face: Face, user: UserFacts, request: ApiRequest): Promise<ApiReply> {
    if (user.isSysAdmin !== (face === 'admin')) {
      throw new Unauthorized(`You are not authorized to reset/change password for the account ${user.email}`)
    }
    const body = bodyOf(request)
    const before = textMember(body, 'old_password')
    const after = textMember(body, 'new_password')
    if (before === null || after === null)
      throw new BadRequest('Both old and new password are required to change the password.')
    await this.confirm(user.id, before, request.address)
    const problems = new Problems()
    if ([...after].length < least) problems.add('new_password', messages.tooShort('new_password', least))
    problems.throwIfAny()
    await this.#set(user.id, await hashPassword(after))
    if (!booleanOption(request.query.get('login'))) return answer({ success: true })
    const fresh = await this.#deps.accounts.user(user.id)
    if (fresh === null) return answer({ success: true })
    const { token } = await this.#deps.sessions.open(fresh, request, false)
    return answer({ success: true, session_token: token })
  }

  /** Throws BadRequest unless this is the user's password. Throttled as logins are. */
  async confirm(id: number, password: string, address: string): Promise<void> {
    const attempt = await this.#deps.throttle.begin(`id:${id}`, address)
    let ok = false
    try {
      const [row] = await this.#deps.store.rows('user', { id })
      ok = (await verifyPassword(password, row === undefined ? null : optionalAt(row, 'password'))).ok
    } catch (thrown) {
      attempt.abandoned()
      throw thrown
    }
    if (ok) return attempt.succeeded()
    attempt.failed()
    throw new BadRequest('The password supplied does not match.')
  }

  /** All tokens of the user end, and a pending confirmation is done. */
  async #set(id: number, hash: string): Promise<void> {
    const now = new Date()
    await this.#deps.store.transaction(async (tx) => {
      const [row] = await tx.rows('user', { id })
      if (row === undefined) return
      const code = optionalAt(row, 'confirm_code')
      const values = {
        password: hash,
        tokens_valid_from: endOfTokens(numberAt(row, 'tokens_valid_from'), secondsOf(now)),
        last_modified_date: stampOf(now),
      }
      await tx.update('user', { id }, code === null || code === 'y' ? values : { ...values, confirm_code: null })
    })
    this.#deps.accounts.changed(id)
  }
}
