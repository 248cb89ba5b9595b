/** `user/session` and `system/admin/session`: login, the present session, refresh, logout (control-plane 1.3 to 1.5). */
import { hostname } from 'node:os'
import { booleanOption } from 'dataferry/records'
import {
  ApiError,
  type ApiReply,
  type ApiRequest,
  type App,
  BadRequest,
  type Caller,
  Forbidden,
  type Json,
  NotFound,
  type PluginHost,
  type Snapshot,
  type TokenClaims,
  type Tokens,
  Unauthorized,
  type UserFacts,
} from 'dataferry/sdk'
import { plainTime, secondsOf } from '../store/time.ts'
import type { AccountBook } from './accounts.ts'
import { answer, bodyOf, noSuchVerb, textMember } from './body.ts'
import { roleFor } from './role.ts'
import { rootAdmin } from './root-admin.ts'
import { isSubject } from './subject.ts'
import { issuedAt } from './user-facts.ts'

export type Face = 'user' | 'admin'

export interface SessionDeps {
  readonly accounts: AccountBook
  readonly tokens: () => Tokens
  readonly snapshot: () => Snapshot
  readonly auth: PluginHost['settings']['auth']
  readonly api: PluginHost['settings']['api']
}

export const noSession = (): Unauthorized => new Unauthorized('There is no valid session for the current request.')
export const notAuthorized = (): Unauthorized => new Unauthorized('You are not authorized to perform this action.')

export class SessionResource {
  readonly #deps: SessionDeps

  constructor(deps: SessionDeps) {
    this.#deps = deps
  }

  async handle(face: Face, request: ApiRequest): Promise<ApiReply> {
    switch (request.verb) {
      case 'GET':
        return this.#show(face, request)
      case 'POST':
        return this.#login(face, request)
      case 'PUT':
        return this.#refresh(face, request)
      case 'DELETE':
        return this.#logout(request)
      default:
        throw noSuchVerb(request.verb, 'session')
    }
  }

  /** A new token for a user who just proved to be one; `last_login_date` is set. */
  async open(
    user: UserFacts,
    request: ApiRequest,
    remember: boolean,
  ): Promise<{ readonly token: string; readonly user: UserFacts }> {
    const now = new Date()
    const fresh = await this.#deps.accounts.loggedIn(user, now)
    const forever = remember && this.#deps.auth.allowForeverSessions
    const token = await this.#deps
      .tokens()
      .issue(fresh, this.#issuer(request), { forever, iat: issuedAt(fresh, secondsOf(now)) })
    return { token, user: fresh }
  }

  async #login(face: Face, request: ApiRequest): Promise<ApiReply> {
    const { accounts, auth, snapshot } = this.#deps
    const body = bodyOf(request)
    const login = textMember(body, auth.loginAttribute)
    if (login === null) throw new BadRequest(`Login request is missing required ${auth.loginAttribute}.`)
    const password = textMember(body, 'password')
    if (password === null) throw new BadRequest('Login request is missing required password.')
    const user = await accounts.authenticate(login, password, face, request.address)
    if (user === null) throw new Unauthorized('Invalid credentials supplied.')
    const role = roleFor(user, request.caller.app, snapshot())
    if (role !== null && !role.isActive) throw new Forbidden('Role is not active.')
    const opened = await this.open(user, request, booleanOption(body.remember_me))
    return answer(this.#describe(opened.user, request.caller.app, opened.token, request.caller))
  }

  #show(face: Face, request: ApiRequest): ApiReply {
    const { user, app, session } = request.caller
    if (user === null) throw face === 'admin' ? new NotFound('No user session found.') : noSession()
    if (face === 'admin' && !user.isSysAdmin) throw notAuthorized()
    return answer(this.#describe(user, app, session?.token ?? null, request.caller))
  }

  /** The token as it was sent is judged here: it may have expired. */
  async #refresh(face: Face, request: ApiRequest): Promise<ApiReply> {
    const { accounts, tokens, auth } = this.#deps
    const token = request.caller.unverifiedToken ?? request.caller.session?.token ?? ''
    const { claims, user } = await this.#refreshable(token)
    if (face === 'admin' && !user.isSysAdmin) throw notAuthorized()
    const now = secondsOf(new Date())
    const forever = claims.forever && auth.allowForeverSessions
    // An ordinary chain of tokens ends when the refresh window of its first one does.
    const iat = forever ? issuedAt(user, now) : claims.iat
    // Of two refreshes of one token at once, one wins.
    if (!(await accounts.end(claims))) throw refreshFailed(blacklisted)
    const fresh = await tokens().issue(user, this.#issuer(request), { forever, iat })
    // A refresh tells no role.
    return answer(this.#describe(user, null, fresh, request.caller))
  }

  async #refreshable(token: string): Promise<{ readonly claims: TokenClaims; readonly user: UserFacts }> {
    const { accounts, tokens, auth } = this.#deps
    const claims = await tokens()
      .read(token)
      .catch((thrown: unknown) => {
        throw thrown instanceof ApiError ? refreshFailed(thrown.message.replace(/^Invalid token: /, '')) : thrown
      })
    if (claims.iat + auth.jwtRefreshTtlMinutes * 60 <= secondsOf(new Date())) {
      throw refreshFailed('Token has expired and can no longer be refreshed')
    }
    const user = await accounts.user(claims.user_id)
    if (user === null || !user.isActive || !isSubject(user, claims)) throw refreshFailed('User verification failed.')
    if (accounts.isRevoked(claims) || claims.iat < user.tokensValidFrom) throw refreshFailed(blacklisted)
    return { claims, user }
  }

  async #logout(request: ApiRequest): Promise<ApiReply> {
    const { session } = request.caller
    if (session !== null) await this.#deps.accounts.revoke(session.claims)
    return answer({ success: true })
  }

  /** `role` and `role_id` only where a known API key came along and the user has a role in its app. */
  #describe(user: UserFacts, app: App | null, token: string | null, caller: Caller): Json {
    const role = roleFor(user, app, this.#deps.snapshot())
    return {
      session_token: token,
      session_id: token,
      id: user.id,
      name: user.name,
      first_name: user.firstName,
      last_name: user.lastName,
      email: user.email,
      is_sys_admin: user.isSysAdmin,
      ...rootAdmin(caller, user),
      last_login_date: user.lastLoginDate,
      host: hostname(),
      token_expiry_date: plainTime(new Date(Date.now() + this.#deps.auth.jwtTtlMinutes * 60_000)),
      ...(role === null ? {} : { role: role.name, role_id: role.id }),
    }
  }

  /** `iss`: the address that was asked for the token. */
  #issuer(request: ApiRequest): string {
    return `${request.origin}/${this.#deps.api.routePrefix}/v2/${[request.service, ...request.path].join('/')}`
  }
}

const blacklisted = 'The token has been blacklisted'
const refreshFailed = (detail: string): Unauthorized => new Unauthorized(`Token refresh failed. ${detail}`)
