/** `user/password` and `system/admin/password` (control-plane 1.6): which way a password is set, and the change of a known one. */

import { booleanOption } from 'dataferry/records'
import { type ApiReply, type ApiRequest, BadRequest, Unauthorized, type UserFacts } from 'dataferry/sdk'
import { optionalAt } from '../store/columns.ts'
import type { Tables } from '../store/tables.ts'
import type { AccountBook } from './accounts.ts'
import { answer, bodyOf, noSuchVerb, textMember } from './body.ts'
import { isPending } from './codes.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { checkLength, type Reset, setPassword } from './reset.ts'
import type { Face, SessionResource } from './session.ts'
import type { LoginThrottle } from './throttle.ts'

export interface PasswordDeps {
  readonly store: Tables
  readonly accounts: AccountBook
  readonly sessions: SessionResource
  readonly throttle: LoginThrottle
  readonly reset: Reset
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
    const { reset } = this.#deps
    if (booleanOption(request.query.get('reset'))) return reset.start(face, request)
    if ('code' in body) return reset.byCode(face, request)
    if ('security_answer' in body) return reset.byAnswer(face, request)
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
    checkLength(after)
    await this.#set(user.id, await hashPassword(after), request)
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
      ok = (await verifyPassword(password, row === undefined ? null : optionalAt(row, 'password'), address)).ok
    } catch (thrown) {
      attempt.abandoned()
      throw thrown
    }
    if (ok) return attempt.succeeded()
    attempt.failed()
    throw new BadRequest('The password supplied does not match.')
  }

  /** All tokens of the user end, and a pending confirmation is done. */
  async #set(id: number, hash: string, request: ApiRequest): Promise<void> {
    await this.#deps.store.transaction(async (tx) => {
      const [row] = await tx.rows('user', { id })
      if (row === undefined) return
      const code = optionalAt(row, 'confirm_code')
      await setPassword(tx, row, hash, isPending(code) ? null : code, request)
    })
    this.#deps.accounts.changed(id)
  }
}
