/**
 * Forgotten passwords (control-plane 1.6): a code by mail, or the answer to the security question; and the confirmation of
 * invitations and registrations, which is the same. No answer and no time tells whether an account exists: a start always succeeds
 * and works behind its answer, and a refusal is the same for an unknown account and a wrong code.
 */
import { booleanOption } from 'dataferry/records'
import { type ApiReply, type ApiRequest, BadRequest, NotFound, type PluginHost, Unauthorized } from 'dataferry/sdk'
import { writeAudit } from '../audit/log.ts'
import type { MailDesk } from '../mails/desk.ts'
import { computedUser } from '../models/user.ts'
import { messages, Problems } from '../models/validation.ts'
import { numberAt, optionalAt, textAt } from '../store/columns.ts'
import type { StoreRow, Tables, Transaction } from '../store/tables.ts'
import { secondsOf, stampOf } from '../store/time.ts'
import type { AccountBook } from './accounts.ts'
import { answer, bodyOf, textMember } from './body.ts'
import { codeDigest, confirmed, isCode, isPending, newCode } from './codes.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import type { Face, SessionResource } from './session.ts'
import type { LoginThrottle } from './throttle.ts'
import { endOfTokens } from './user-facts.ts'

/** The shortest password that the password resources take; records ask for more (control-plane 1.1). */
export const resetLeast = 8

export interface ResetDeps {
  readonly store: Tables
  readonly accounts: AccountBook
  readonly sessions: SessionResource
  readonly desk: MailDesk
  /** Failed codes and answers. */
  readonly throttle: LoginThrottle
  /** Starts: each counts. */
  readonly starts: LoginThrottle
  readonly auth: PluginHost['settings']['auth']
  /** The configured address of this server. */
  readonly publicUrl: string | null
}

export class Reset {
  readonly #deps: ResetDeps

  constructor(deps: ResetDeps) {
    this.#deps = deps
  }

  /** Throws 400 without a login, 429 for too many of one account and address. */
  async start(face: Face, request: ApiRequest): Promise<ApiReply> {
    const login = this.#login(request)
    const attempt = await this.#deps.starts.begin(`${face}:${login}`, request.address)
    attempt.failed()
    const { desk } = this.#deps
    desk.inBackground(async () => {
      const row = await this.#find(login)
      if (row !== null && row.is_active === true && (row.is_sys_admin === true) === (face === 'admin'))
        await this.#mail(row)
    })
    return answer({ success: true })
  }

  async byCode(face: Face, request: ApiRequest): Promise<ApiReply> {
    const body = bodyOf(request)
    const login = this.#login(request)
    const password = this.#newPassword(request)
    const code = textMember(body, 'code')
    if (code === null || code === confirmed) throw new BadRequest('Invalid confirmation code.')
    if (code.length !== this.#deps.auth.confirmCodeLength || !/^[\x20-\x7e]+$/.test(code))
      throw new BadRequest('Invalid confirmation code format.')
    const attempt = await this.#deps.throttle.begin(`code:${login}`, request.address)
    let row: StoreRow | null
    try {
      row = await this.#find(login)
    } catch (thrown) {
      attempt.abandoned()
      throw thrown
    }
    const right = isCode(code, row === null ? null : optionalAt(row, 'confirm_code'))
    if (!right || row === null || row.is_active !== true) {
      attempt.failed()
      throw new NotFound('The supplied email and/or confirmation code were not found in the system.')
    }
    attempt.succeeded()
    checkFace(face, row)
    if (computedUser(row, this.#deps.auth.confirmCodeTtlMinutes, new Date()).expired)
      throw new BadRequest('Confirmation code expired.')
    return this.#finish(row, password, { code, confirm_code: confirmed }, request)
  }

  async byAnswer(face: Face, request: ApiRequest): Promise<ApiReply> {
    const login = this.#login(request)
    const given = textMember(bodyOf(request), 'security_answer')
    if (given === null) throw new BadRequest('Missing security answer.')
    const password = this.#newPassword(request)
    const attempt = await this.#deps.throttle.begin(`answer:${login}`, request.address)
    let row: StoreRow | null
    let right: boolean
    try {
      row = await this.#find(login)
      right = (await verifyPassword(given, row === null ? null : optionalAt(row, 'security_answer'), request.address))
        .ok
    } catch (thrown) {
      attempt.abandoned()
      throw thrown
    }
    if (!right || row === null || row.is_active !== true) {
      attempt.failed()
      throw new BadRequest('The answer supplied does not match.')
    }
    attempt.succeeded()
    checkFace(face, row)
    return this.#finish(row, password, { code: null, confirm_code: null }, request)
  }

  /** Throws BadRequest where the request names nobody. */
  #login(request: ApiRequest): string {
    const body = bodyOf(request)
    const { loginAttribute } = this.#deps.auth
    if (loginAttribute === 'username') {
      const username = textMember(body, 'username')
      if (username === null) throw new BadRequest('Missing required username.')
      return username.trim().toLowerCase()
    }
    const email = textMember(body, 'email') ?? textMember(body, 'username')
    if (email === null) throw new BadRequest('Missing required email for password reset confirmation.')
    return email.trim().toLowerCase()
  }

  #newPassword(request: ApiRequest): string {
    const password = textMember(bodyOf(request), 'new_password')
    if (password === null) throw new BadRequest('Missing new password for reset.')
    checkLength(password)
    return password
  }

  /** By the login attribute; an email's account may be named by its username too. */
  async #find(login: string): Promise<StoreRow | null> {
    const { store, auth } = this.#deps
    const columns = auth.loginAttribute === 'username' ? ['username_key'] : ['email_key', 'username_key']
    // Both are asked always: an unknown account takes as long.
    const found = await Promise.all(columns.map((column) => store.rows('user', { [column]: login })))
    return found.flat()[0] ?? null
  }

  async #mail(user: StoreRow): Promise<void> {
    const { store, accounts, desk, auth, publicUrl } = this.#deps
    const id = numberAt(user, 'id')
    const code = newCode(auth.confirmCodeLength)
    const letter = { purpose: 'password', user, code, origin: publicUrl } as const
    const noted = await store.transaction(async (tx) => {
      await tx.update('user', { id }, { confirm_code: codeDigest(code), last_modified_date: stampOf(new Date()) })
      return desk.note(tx, letter)
    })
    accounts.changed(id)
    desk.send(noted, letter)
  }

  /** Sets the password once: of two with one code at once the second is too late. */
  async #finish(
    row: StoreRow,
    password: string,
    by: { readonly code: string | null; readonly confirm_code: string | null },
    request: ApiRequest,
  ): Promise<ApiReply> {
    const { store, accounts, sessions } = this.#deps
    const id = numberAt(row, 'id')
    const hash = await hashPassword(password)
    await store.transaction(async (tx) => {
      const [now] = await tx.rows('user', { id })
      const stored = now === undefined ? null : optionalAt(now, 'confirm_code')
      if (now === undefined || (by.code !== null && !isCode(by.code, stored)))
        throw new NotFound('The supplied email and/or confirmation code were not found in the system.')
      const confirm_code = by.code !== null || isPending(stored) ? by.confirm_code : stored
      await setPassword(tx, now, hash, confirm_code, request)
    })
    accounts.changed(id)
    if (!booleanOption(request.query.get('login'))) return answer({ success: true })
    const fresh = await accounts.user(id)
    if (fresh === null) return answer({ success: true })
    const { token } = await sessions.open(fresh, request, false)
    return answer({ success: true, session_token: token })
  }
}

/** Throws 400 for a password that is too short (control-plane 1.1). */
export function checkLength(password: string): void {
  const problems = new Problems()
  if ([...password].length < resetLeast) problems.add('new_password', messages.tooShort('new_password', resetLeast))
  problems.throwIfAny()
}

/** All tokens of the user end, and what was mailed to reset the old password is void. */
export async function setPassword(
  tx: Transaction,
  row: StoreRow,
  hash: string,
  confirm_code: string | null,
  request: ApiRequest,
): Promise<void> {
  const now = new Date()
  const id = numberAt(row, 'id')
  const values = {
    password: hash,
    confirm_code,
    tokens_valid_from: endOfTokens(numberAt(row, 'tokens_valid_from'), secondsOf(now)),
    last_modified_date: stampOf(now),
  }
  await tx.update('user', { id }, values)
  await tx.remove('outbox', { user_id: id })
  const after = { ...row, ...values }
  await writeAudit(tx, request, { action: 'update', resource: 'user', id: String(id), before: row, after })
}

/** Told only to those who proved that the account is theirs. */
function checkFace(face: Face, row: StoreRow): void {
  if ((row.is_sys_admin === true) !== (face === 'admin'))
    throw new Unauthorized(`You are not authorized to reset/change password for the account ${textAt(row, 'email')}`)
}
