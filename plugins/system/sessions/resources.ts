/** The account resources of both kinds, as plugins/user and the system service show them. */
import type { AccountResources, ApiReply, ApiRequest } from 'dataferry/sdk'
import type { Tables } from '../store/tables.ts'
import { PasswordResource } from './password.ts'
import { ProfileResource } from './profile.ts'
import { type Face, type SessionDeps, SessionResource } from './session.ts'
import type { LoginThrottle } from './throttle.ts'

export interface SessionResourcesDeps extends SessionDeps {
  readonly store: Tables
  readonly throttle: LoginThrottle
}

export class SessionResources implements AccountResources {
  readonly #session: SessionResource
  readonly #password: PasswordResource
  readonly #profile: ProfileResource

  constructor(deps: SessionResourcesDeps) {
    const { store, accounts, throttle } = deps
    this.#session = new SessionResource(deps)
    this.#password = new PasswordResource({ store, accounts, sessions: this.#session, throttle })
    this.#profile = new ProfileResource({ store, accounts, sessions: this.#session, passwords: this.#password })
  }

  async handle(resource: 'session' | 'password' | 'profile', kind: Face, request: ApiRequest): Promise<ApiReply> {
    switch (resource) {
      case 'session':
        return this.#session.handle(kind, request)
      case 'password':
        return this.#password.handle(kind, request)
      case 'profile':
        return this.#profile.handle(kind, request)
    }
  }
}
