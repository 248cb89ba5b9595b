/**
 * Who the users are, for the kernel and for the session resources: a bounded cache over the user table, credentials, and the tokens
 * that were logged out.
 */
import { createHash } from 'node:crypto'
import type { Accounts, Log, TokenClaims, UserFacts } from 'dataferry/sdk'
import { numberAt, optionalAt, textAt } from '../store/columns.ts'
import type { Secrets } from '../store/secrets.ts'
import type { StoreRow, Tables } from '../store/tables.ts'
import { plainTime, secondsOf } from '../store/time.ts'
import { isPending } from './codes.ts'
import { HashQueue } from './hash-queue.ts'
import { hashesAtOnce, hashPassword, type Verified, verifyPassword } from './passwords.ts'
import type { LoginThrottle } from './throttle.ts'
import { factsOf, readFacts } from './user-facts.ts'

export interface AccountsDeps {
  readonly store: Tables
  readonly secrets: Secrets
  readonly throttle: LoginThrottle
  readonly loginAttribute: 'email' | 'username'
  readonly refreshTtlMinutes: number
  readonly log: Log
  /** Users kept in memory. */
  readonly most?: number
}

export type AccountKind = 'user' | 'admin' | 'any'

export class AccountBook implements Accounts {
  readonly #deps: AccountsDeps
  readonly #most: number
  /** In order of use, the least recent first. */
  readonly #users = new Map<number, UserFacts>()
  /** Raised by every change, so that what was being read meanwhile is not kept. */
  #generation = 0
  /** Tokens that were logged out: the second from which the entry is of no use. */
  readonly #blocked = new Map<string, number>()
  readonly #listeners = new Set<(userId: number | null) => void>()
  /**
   * Logins beyond those whose hash is computed, and the next, wait before anything is read for them: a hundred that come at once
   * would else keep everybody else waiting for as many reads.
   */
  readonly #admitted = new HashQueue({ atOnce: hashesAtOnce + 1 })

  constructor(deps: AccountsDeps) {
    this.#deps = deps
    this.#most = deps.most ?? 10_000
  }

  /** Reads the tokens that were logged out. */
  async start(): Promise<void> {
    this.#block(await this.#deps.store.rows('blocked_token'))
  }

  /** The same for tokens that another node ended, by their keys. */
  async ended(keys: readonly string[]): Promise<void> {
    const rows = await this.#deps.store.rows('blocked_token', { token_key: keys })
    this.#block(rows)
    for (const row of rows) this.changed(numberAt(row, 'user_id'))
  }

  user(id: number): UserFacts | null | Promise<UserFacts | null> {
    const known = this.#users.get(id)
    if (known === undefined) return this.#load(id)
    this.#users.delete(id)
    this.#users.set(id, known)
    return known
  }

  async authenticate(login: string, password: string, kind: AccountKind, address: string): Promise<UserFacts | null> {
    const row = await this.credentials(login, password, kind, address)
    if (row === null) return null
    // Of a user who is known, the row that was just read is all that needs reading.
    const known = await this.user(numberAt(row, 'id'))
    return known === null ? null : factsOf(row, known)
  }

  /** The row of the active account that these credentials are of; null for any mismatch, after the same time. */
  async credentials(login: string, password: string, kind: AccountKind, address: string): Promise<StoreRow | null> {
    const attempt = await this.#deps.throttle.begin(`${kind}:${login}`, address)
    let row = null as StoreRow | null
    let verified: Verified
    try {
      verified = await this.#admitted.run(address, async () => {
        row = await this.#find(login, kind)
        return verifyPassword(password, row === null ? null : optionalAt(row, 'password'), address)
      })
    } catch (thrown) {
      attempt.abandoned()
      throw thrown
    }
    if (!verified.ok || row === null || row.is_active !== true) {
      attempt.failed()
      return null
    }
    attempt.succeeded()
    if (verified.rehash) await this.#rehash(numberAt(row, 'id'), password, textAt(row, 'password'))
    return row
  }

  /**
   * Notes a login: its time, and that a pending confirmation is done (control-plane 1.3). Who signs in gains and loses no right, so
   * that nobody else has to hear of the time: other nodes know it when they read the user next.
   */
  async loggedIn(user: UserFacts, now: Date): Promise<UserFacts> {
    const { store } = this.#deps
    const { id } = user
    const lastLoginDate = plainTime(now)
    const [row] = await store.rows('user', { id })
    if (row !== undefined && isPending(optionalAt(row, 'confirm_code'))) {
      await store.transaction(async (tx) => {
        const [still] = await tx.rows('user', { id })
        const done = still !== undefined && isPending(optionalAt(still, 'confirm_code'))
        await tx.update('user', { id }, { last_login_date: lastLoginDate, ...(done ? { confirm_code: null } : {}) })
        if (done) await tx.remove('outbox', { user_id: id })
      })
      this.changed(id)
    } else await store.note('user', { id }, { last_login_date: lastLoginDate })
    // What was read meanwhile may be older, what was dropped has changed.
    this.#generation++
    const known = this.#users.get(id)
    if (known !== undefined) this.#users.set(id, Object.freeze({ ...known, lastLoginDate }))
    return Object.freeze({ ...user, lastLoginDate })
  }

  isRevoked(claims: TokenClaims): boolean {
    return this.#blocked.has(tokenKey(claims))
  }

  async revoke(claims: TokenClaims): Promise<void> {
    await this.end(claims)
  }

  /** Ends a token; false when it had ended before, so that of two who end it at once one knows to be the second. */
  async end(claims: TokenClaims): Promise<boolean> {
    const key = tokenKey(claims)
    const now = secondsOf(new Date())
    // As long as it could be used or refreshed.
    const expires = Math.max(claims.exp, claims.iat + this.#deps.refreshTtlMinutes * 60, now) + 60
    const isFirst = await this.#deps.store.transaction(async (tx) => {
      const [known] = await tx.rows('blocked_token', { token_key: key })
      if (known === undefined) await tx.insert('blocked_token', { token_key: key, user_id: claims.user_id, expires })
      return known === undefined
    })
    this.#blocked.set(key, expires)
    this.changed(claims.user_id)
    return isFirst
  }

  /** Forgets logged-out tokens that nobody could use any more. */
  async sweep(now: Date): Promise<void> {
    const seconds = secondsOf(now)
    const ended = [...this.#blocked].filter(([, expires]) => expires <= seconds).map(([key]) => key)
    for (let from = 0; from < ended.length; from += 500) {
      const part = ended.slice(from, from + 500)
      await this.#deps.store.transaction((tx) => tx.remove('blocked_token', { token_key: part }))
      for (const key of part) this.#blocked.delete(key)
    }
  }

  subscribe(listener: (userId: number | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A user, an assignment or a revocation changed. null: maybe all of them. */
  changed(userId: number | null): void {
    this.#generation++
    if (userId === null) this.#users.clear()
    else this.#users.delete(userId)
    for (const listener of this.#listeners) listener(userId)
  }

  #block(rows: readonly StoreRow[]): void {
    const now = secondsOf(new Date())
    for (const row of rows) {
      const expires = numberAt(row, 'expires')
      if (expires > now) this.#blocked.set(textAt(row, 'token_key'), expires)
    }
  }

  async #load(id: number): Promise<UserFacts | null> {
    const generation = this.#generation
    const [row] = await this.#deps.store.rows('user', { id })
    if (row === undefined) return null
    const facts = await readFacts(row, this.#deps.store, this.#deps.secrets)
    if (generation === this.#generation) {
      this.#users.set(id, facts)
      if (this.#users.size > this.#most) {
        const [oldest] = this.#users.keys()
        if (oldest !== undefined) this.#users.delete(oldest)
      }
    }
    return facts
  }

  async #find(login: string, kind: AccountKind): Promise<StoreRow | null> {
    const column = this.#deps.loginAttribute === 'username' ? 'username_key' : 'email_key'
    const [row] = await this.#deps.store.rows('user', { [column]: login.trim().toLowerCase() })
    if (row === undefined) return null
    if (kind === 'admin' && row.is_sys_admin !== true) return null
    if (kind === 'user' && row.is_sys_admin === true) return null
    return row
  }

  async #rehash(id: number, password: string, stored: string): Promise<void> {
    try {
      const hash = await hashPassword(password)
      await this.#deps.store.transaction((tx) => tx.update('user', { id, password: stored }, { password: hash }))
    } catch (thrown) {
      this.#deps.log.warn('a password hash could not be renewed', {
        user: id,
        reason: thrown instanceof Error ? thrown.message : String(thrown),
      })
    }
  }
}

/** Names a token without holding it. */
function tokenKey({ user_id, jti, iat }: TokenClaims): string {
  return createHash('sha256').update(`${user_id}\n${iat}\n${jti}`).digest('hex')
}
