/** `user/register` (control-plane 1.8): accounts that people make for themselves, where the user service allows it. */
import { booleanOption } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type ConfigValues,
  Forbidden,
  type Json,
  type PluginHost,
  type Snapshot,
} from 'dataferry/sdk'
import { writeAudit } from '../audit/log.ts'
import type { MailDesk } from '../mails/desk.ts'
import { completeUser, newUser, passwordLeast } from '../models/user.ts'
import { checkText, messages, Problems, textOf } from '../models/validation.ts'
import type { StoreRow, Tables, Transaction } from '../store/tables.ts'
import { stampOf } from '../store/time.ts'
import type { AccountBook } from './accounts.ts'
import { answer, bodyOf, noSuchVerb } from './body.ts'
import { codeDigest, newCode } from './codes.ts'
import type { SessionResource } from './session.ts'

export interface RegisterDeps {
  readonly store: Tables
  readonly accounts: AccountBook
  readonly sessions: SessionResource
  readonly desk: MailDesk
  readonly snapshot: () => Snapshot
  readonly auth: PluginHost['settings']['auth']
  readonly publicUrl: string | null
}

type Members = { readonly [name: string]: Json }

const known = ['email', 'username', 'first_name', 'last_name', 'name', 'phone', 'security_question', 'security_answer']

export class RegisterResource {
  readonly #deps: RegisterDeps

  constructor(deps: RegisterDeps) {
    this.#deps = deps
  }

  /** PUT and PATCH are other names of POST. */
  async handle(request: ApiRequest): Promise<ApiReply> {
    if (request.verb === 'GET' || request.verb === 'DELETE') throw noSuchVerb(request.verb, 'register')
    const { snapshot, accounts, sessions, desk } = this.#deps
    const config = snapshot().services.get(request.service)?.config ?? {}
    const mails = Boolean(config.open_reg_email_service_id)
    const values = await valuesOf(bodyOf(request), mails)
    // Whether an address is taken is not looked at where nobody may register.
    if (config.allow_open_registration !== true) throw new Forbidden('Open Registration is not enabled.')
    const made = await this.#make(values, config, mails, request)
    accounts.changed(made.id)
    if (made.letter !== null) desk.send(made.letter.noted, made.letter.letter)
    if (!booleanOption(request.query.get('login'))) return answer({ success: true })
    if (mails) return answer({ success: true, confirmation_required: true })
    const user = await accounts.user(made.id)
    if (user === null) return answer({ success: true })
    const { token } = await sessions.open(user, request, false)
    return answer({ success: true, session_token: token })
  }

  async #make(values: StoreRow, config: ConfigValues, mails: boolean, request: ApiRequest) {
    const { store, desk, auth, publicUrl } = this.#deps
    const code = mails ? newCode(auth.confirmCodeLength) : null
    return store.transaction(async (tx) => {
      await checkEmail(tx, values)
      const row = { ...values, ...(await completeUser(tx, null, values)) }
      const now = stampOf(new Date())
      const stamps = {
        created_date: now,
        last_modified_date: now,
        confirm_code: code === null ? null : codeDigest(code),
      }
      const id = await tx.insert('user', { ...row, ...stamps, is_active: true, is_sys_admin: false })
      await assignRoles(tx, id, config)
      await writeAudit(tx, request, {
        action: 'create',
        resource: 'user',
        id: String(id),
        before: null,
        after: { id, ...row },
      })
      if (code === null) return { id, letter: null }
      const letter = { purpose: 'open_reg', user: { id, ...row }, code, origin: publicUrl } as const
      return { id, letter: { noted: await desk.note(tx, letter), letter } }
    })
  }
}

/** The columns of a new account; 400 `Validation failed` with each field's messages. */
async function valuesOf(body: Members, mails: boolean): Promise<StoreRow> {
  const password = textOf(body.new_password) ?? textOf(body.password)
  const problems = new Problems()
  checkText(problems, 'email', body.email, { required: true, email: true, most: 255 })
  if (!mails && !password) problems.add('password', messages.required('password'))
  if (password) checkText(problems, 'password', password, { least: passwordLeast })
  if (body.password_confirmation !== undefined && textOf(body.password_confirmation) !== password)
    problems.add('password', 'The password field confirmation does not match.')
  failIfAny(problems)
  const sent: { [name: string]: Json } = {}
  for (const name of known) if (body[name] !== undefined) sent[name] = body[name]
  const local = (textOf(body.email) ?? '').split('@')[0] ?? ''
  for (const name of ['first_name', 'last_name']) sent[name] = textOf(sent[name]) || local
  // What is confirmed by mail sets its password with the code.
  if (password && !mails) sent.password = password
  try {
    return await newUser(sent)
  } catch (thrown) {
    throw thrown instanceof BadRequest ? new BadRequest('Validation failed', { context: thrown.context }) : thrown
  }
}

async function checkEmail(tx: Transaction, { email_key = null }: StoreRow): Promise<void> {
  const problems = new Problems()
  if ((await tx.rows('user', { email_key })).length > 0) problems.add('email', messages.taken('email'))
  failIfAny(problems)
}

function failIfAny(problems: Problems): void {
  try {
    problems.throwIfAny()
  } catch (thrown) {
    throw thrown instanceof BadRequest ? new BadRequest('Validation failed', { context: thrown.context }) : thrown
  }
}

/** The role of the configuration in every app there is; single apps may have another. */
async function assignRoles(tx: Transaction, user: number, config: ConfigValues): Promise<void> {
  const roles = new Map<number, number>()
  const common = Number(config.open_reg_role_id ?? 0)
  if (common > 0) for (const app of await tx.rows('app')) roles.set(Number(app.id), common)
  for (const row of Array.isArray(config.app_role_map) ? (config.app_role_map as Json[]) : []) {
    const { app_id = null, role_id = null } = (row ?? {}) as Members
    if (Number(app_id) > 0 && Number(role_id) > 0) roles.set(Number(app_id), Number(role_id))
  }
  const known = new Set((await tx.rows('role')).map((row) => Number(row.id)))
  const apps = new Set((await tx.rows('app')).map((row) => Number(row.id)))
  for (const [app_id, role_id] of roles) {
    // A configuration may name what is gone.
    if (known.has(role_id) && apps.has(app_id))
      await tx.insert('user_to_app_to_role', { user_id: user, app_id, role_id })
  }
}
