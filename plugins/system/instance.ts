/** The instance as a whole: its first administrator (control-plane 1.2), and what `GET /status` tells (0.1). */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type as osType } from 'node:os'
import { BadRequest, Forbidden, type Instance, type Json } from 'dataferry/sdk'
import { writeAudit } from './audit/log.ts'
import { completeUser, displayName, newUser } from './models/user.ts'
import { messages, Problems, textOf } from './models/validation.ts'
import { license } from './resources/environment.ts'
import { optionalAt } from './store/columns.ts'
import type { Tables } from './store/tables.ts'
import { stampOf } from './store/time.ts'

export interface InstanceDeps {
  readonly store: Tables
  readonly version: string
  /** Told the new administrator's id. */
  readonly changed: (userId: number) => void
}

export class SystemInstance implements Instance {
  readonly #deps: InstanceDeps
  #needed = false
  #code: string | null = null

  constructor(deps: InstanceDeps) {
    this.#deps = deps
  }

  /** Looks whether there is an administrator; if not, makes the one-time code of this start, unless one is `given`. */
  async start(given?: string | null): Promise<void> {
    this.#needed = (await this.#deps.store.count('user', { is_sys_admin: true })) === 0
    this.#code = this.#needed ? (given ?? randomBytes(18).toString('base64url')) : null
  }

  /** Looks again, where one was needed: another process may have made the first administrator. */
  async look(): Promise<void> {
    if (!this.#needed || (await this.#deps.store.count('user', { is_sys_admin: true })) === 0) return
    this.#needed = false
    this.#code = null
  }

  setupNeeded(): boolean {
    return this.#needed
  }

  get setupCode(): string | null {
    return this.#code
  }

  async setup(fields: { readonly [name: string]: Json }): Promise<void> {
    const code = this.#code
    if (code === null) throw new Forbidden('This instance has an administrator already.')
    if (!sameText(textOf(fields.code) ?? '', code))
      throw new Forbidden('The setup code is not right. It is printed when the server starts.')
    if (fields.password_confirmation !== undefined && fields.password_confirmation !== fields.password) {
      throw new BadRequest('Invalid data supplied. The password confirmation does not match.', {
        context: { password: ['The password confirmation does not match.'] },
      })
    }
    await this.createFirstAdmin(fields)
  }

  /** Throws BadRequest for bad fields, Forbidden when an administrator exists. */
  async createFirstAdmin(fields: { readonly [name: string]: Json }): Promise<void> {
    const values = await firstAdmin(fields)
    await this.look()
    const id = await this.#deps.store.transaction(async (tx) => {
      if ((await tx.rows('user', { is_sys_admin: true })).length > 0)
        throw new Forbidden('This instance has an administrator already.')
      const more = await completeUser(tx, null, values)
      const now = stampOf(new Date())
      const stamps = { created_date: now, last_modified_date: now }
      const row = { ...values, ...more, ...stamps, is_sys_admin: true, is_root_admin: true }
      const made = await tx.insert('user', row)
      await writeAudit(tx, setupRequest, {
        action: 'create',
        resource: 'user',
        id: String(made),
        before: null,
        after: { id: made, ...row },
      })
      return made
    })
    this.#needed = false
    this.#code = null
    this.#deps.changed(id)
  }

  async status(origin: string): Promise<Json> {
    const { store, version } = this.#deps
    const [app, admin, user, service, role, admins] = await Promise.all([
      store.count('app'),
      store.count('user', { is_sys_admin: true }),
      store.count('user', { is_sys_admin: false }),
      store.count('service'),
      store.count('role'),
      store.rows('user', { is_sys_admin: true }),
    ])
    const logins = admins.map((row) => optionalAt(row, 'last_login_date')).filter((date) => date !== null)
    return {
      uri: origin,
      managed: false,
      dist: 'dataferry',
      demo: false,
      version,
      license,
      host_os: osType(),
      last_admin_login: logins.sort().at(-1) ?? null,
      resources: { app, admin, user, service, role },
    }
  }
}

/** Who makes the first administrator is nobody yet. */
const setupRequest = {
  caller: { user: null, app: null, role: null, admin: false, requestor: 'api', session: null, lookups: {} },
  address: 'setup',
  verb: 'POST',
} as const

async function firstAdmin(fields: { readonly [name: string]: Json }): Promise<{ readonly [column: string]: Json }> {
  const problems = new Problems()
  if (!textOf(fields.password)) problems.add('password', messages.required('password'))
  problems.throwIfAny()
  const { email, username, first_name, last_name, phone, password } = fields
  const name = textOf(fields.name) || displayName(textOf(first_name), textOf(last_name), textOf(email))
  const known = { email, username, first_name, last_name, phone, password, name }
  return newUser(
    Object.fromEntries(Object.entries(known).filter((entry): entry is [string, Json] => entry[1] !== undefined)),
  )
}

/** In the same time whatever is given. */
function sameText(given: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(right))
}
