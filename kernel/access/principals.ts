/**
 * Who: from credentials to an Identity (control-plane 0.4, 2.4). Callers that were accepted are kept, bounded, under the texts of
 * their token and key, so that a known caller costs neither a store read nor a promise; they are dropped when the snapshot is
 * replaced and when Accounts tells that a user changed. An end of session is checked at each use.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { type ApiError, Forbidden, toApiError, Unauthorized } from '../errors.ts'
import type { Accounts, App, Caller, Session, Snapshot, TokenClaims, UserFacts, Verb } from '../plugins/contract.ts'
import { RecentlyUsed } from './cache.ts'
import type { Credentials, Identity } from './identity.ts'
import { type About, lookupsOf, roleOf } from './lookups.ts'
import { details, invalidToken, sessionEnded, sessionExpired, subjectOf, type TokenAuthority } from './tokens.ts'

export interface PrincipalDeps {
  readonly snapshot: () => Snapshot
  readonly accounts: () => Accounts
  readonly tokens: Pick<TokenAuthority, 'verify'>
  readonly about: About
  /** Milliseconds. */
  readonly now?: () => number
  /** The most callers that are kept. */
  readonly most?: number
}

interface Known {
  readonly identity: Identity
  readonly userId: number | null
  /** Seconds; infinite without a token. */
  readonly expires: number
}
/** A user that was found by its credentials, or why it wasn't. */
type Found = { readonly user: UserFacts; readonly session: Session | null } | { readonly problem: ApiError }

export class Principals {
  readonly #deps: PrincipalDeps
  readonly #now: () => number
  readonly #known: RecentlyUsed<Known>
  /** Passwords are no keys of a map: they are hashed under a key that lives as long as the process. */
  readonly #pepper = randomBytes(32)
  #snapshot: Snapshot | null = null
  /** Raised whenever callers are dropped, so that one who was looked up meanwhile is not kept. */
  #generation = 0

  constructor(deps: PrincipalDeps) {
    this.#deps = deps
    this.#now = deps.now ?? Date.now
    this.#known = new RecentlyUsed(deps.most ?? 10_000)
  }

  /** How many callers are kept. */
  get size(): number {
    return this.#known.size
  }

  /** Forgets the callers of one user, or all. */
  drop(userId: number | null): void {
    this.#generation++
    if (userId === null) this.#known.clear()
    else this.#known.deleteWhere((known) => known.userId === userId)
  }

  identify(
    credentials: Credentials,
    verb: Verb,
    service: string,
    path: readonly string[],
  ): Identity | Promise<Identity> {
    const snapshot = this.#deps.snapshot()
    if (snapshot !== this.#snapshot) {
      this.drop(null)
      this.#snapshot = snapshot
    }
    if (isSessionResource(service, path)) {
      // A login must work whatever token the client still has; a refresh checks the token itself.
      if (verb === 'POST') return this.#byKey({ ...credentials, token: null, basic: null }, snapshot)
      if (verb === 'PUT' && credentials.token !== null)
        return this.#unverified(credentials, credentials.token, snapshot)
    }
    if (credentials.token === null && credentials.basic === null) return this.#byKey(credentials, snapshot)
    const cacheKey = this.#cacheKey(credentials)
    const known = this.#known.get(cacheKey)
    if (known !== undefined) {
      if (known.expires * 1000 > this.#now()) return known.identity
      this.#known.delete(cacheKey)
    }
    return this.#byUser(credentials, snapshot, cacheKey)
  }

  #byKey(credentials: Credentials, snapshot: Snapshot): Identity {
    const app = appOf(credentials, snapshot)
    const sent = { sentKey: credentials.apiKey !== null, sentToken: false }
    if (app === null) return { caller: this.#caller(null, null, null, snapshot), problem: null, ...sent }
    const cacheKey = this.#cacheKey(credentials)
    const known = this.#known.get(cacheKey)
    if (known !== undefined) return known.identity
    const identity: Identity = { caller: this.#caller(null, app, null, snapshot), problem: appProblem(app), ...sent }
    this.#known.set(cacheKey, { identity, userId: null, expires: Number.POSITIVE_INFINITY })
    return identity
  }

  #unverified(credentials: Credentials, token: string, snapshot: Snapshot): Identity {
    const known = this.#byKey({ ...credentials, token: null, basic: null }, snapshot)
    return { ...known, caller: { ...known.caller, unverifiedToken: token }, sentToken: true }
  }

  #byUser(credentials: Credentials, snapshot: Snapshot, cacheKey: string): Identity | Promise<Identity> {
    const generation = this.#generation
    const found = credentials.token !== null ? this.#byToken(credentials.token) : this.#byPassword(credentials)
    const finish = (result: Found): Identity => this.#finish(result, credentials, snapshot, cacheKey, generation)
    return found instanceof Promise ? found.then(finish) : finish(found)
  }

  #finish(found: Found, credentials: Credentials, snapshot: Snapshot, cacheKey: string, generation: number): Identity {
    const app = appOf(credentials, snapshot)
    const sent = { sentKey: credentials.apiKey !== null, sentToken: true }
    if ('problem' in found) return { caller: this.#caller(null, app, null, snapshot), problem: found.problem, ...sent }
    const { user, session } = found
    const problem = user.isActive ? appProblem(app) : new Forbidden('User is not active.')
    const identity: Identity = { caller: this.#caller(user, app, session, snapshot), problem, ...sent }
    // An unknown key is not kept: strangers must not push out known callers with keys of their choice.
    const keep = problem === null && generation === this.#generation && (app !== null || credentials.apiKey === null)
    if (keep)
      this.#known.set(cacheKey, { identity, userId: user.id, expires: session?.claims.exp ?? Number.POSITIVE_INFINITY })
    return identity
  }

  #byToken(token: string): Found | Promise<Found> {
    let claims: TokenClaims
    try {
      claims = this.#deps.tokens.verify(token)
    } catch (error) {
      return { problem: invalidToken(toApiError(error).message) }
    }
    const seconds = this.#now() / 1000
    if (claims.exp <= seconds) return { problem: sessionExpired() }
    if (claims.nbf > seconds + 1) return { problem: invalidToken(details.tooEarly) }
    const accounts = this.#deps.accounts()
    const revoked = accounts.isRevoked(claims)
    const user = accounts.user(claims.user_id)
    if (revoked instanceof Promise || user instanceof Promise) {
      return Promise.all([revoked, user]).then(([isRevoked, facts]) => judge(token, claims, isRevoked, facts))
    }
    return judge(token, claims, revoked, user)
  }

  async #byPassword({ basic, address }: Credentials): Promise<Found> {
    const { login, password } = basic ?? { login: '', password: '' }
    try {
      const user = await this.#deps.accounts().authenticate(login, password, 'any', address)
      if (user !== null) return { user, session: null }
    } catch (error) {
      return { problem: toApiError(error) }
    }
    return { problem: new Unauthorized('Unauthorized. User credentials did not match.') }
  }

  #caller(user: UserFacts | null, app: App | null, session: Session | null, snapshot: Snapshot): Caller {
    const who = { user, app, token: session?.token ?? null }
    const role = roleOf(who, snapshot)
    return {
      user,
      app,
      role,
      admin: isFullAdmin(user),
      requestor: 'api',
      session,
      lookups: lookupsOf(who, role, snapshot, this.#deps.about),
    }
  }

  // Lengths stand before the texts, so that no two pairs of token and key make one text.
  #cacheKey({ token, basic, apiKey }: Credentials): string {
    if (token !== null) return `t${token.length}:${token}${apiKey ?? ''}`
    if (basic === null) return `k${apiKey ?? ''}`
    const { login, password } = basic
    const digest = createHmac('sha256', this.#pepper).update(`${login.length}:${login}${password}`).digest('base64url')
    return `b${digest}${apiKey ?? ''}`
  }
}

/** An administrator with any assignment is a restricted one (control-plane 2.4). */
function isFullAdmin(user: UserFacts | null): boolean {
  if (user === null) return false
  return user.isSysAdmin && user.isActive && user.assignments.length === 0
}

function judge(token: string, claims: TokenClaims, revoked: boolean, user: UserFacts | null): Found {
  if (revoked) return { problem: sessionEnded() }
  if (user === null || subjectOf(user.email) !== claims.sub) return { problem: invalidToken(details.user) }
  if (claims.iat < user.tokensValidFrom) return { problem: sessionEnded() }
  return { user, session: { token, claims } }
}

function appOf({ apiKey }: Credentials, snapshot: Snapshot): App | null {
  return apiKey === null ? null : (snapshot.appsByKey.get(apiKey) ?? null)
}

function appProblem(app: App | null): ApiError | null {
  return app === null || app.isActive ? null : new Forbidden('App is not active.')
}

function isSessionResource(service: string, path: readonly string[]): boolean {
  if (service === 'user') return path.length === 1 && path[0]?.toLowerCase() === 'session'
  return (
    service === 'system' &&
    path.length === 2 &&
    path[0]?.toLowerCase() === 'admin' &&
    path[1]?.toLowerCase() === 'session'
  )
}
