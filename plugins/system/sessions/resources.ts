/** The account resources of both kinds, as plugins/user and the system service show them. */
import type { AccountResource, AccountResources, ApiReply, ApiRequest } from 'dataferry/sdk'
import type { MailDesk } from '../mails/desk.ts'
import { CustomResource } from '../resources/custom.ts'
import type { SharedCounts } from '../shared.ts'
import type { Tables } from '../store/tables.ts'
import { PasswordResource } from './password.ts'
import { ProfileResource } from './profile.ts'
import { RegisterResource } from './register.ts'
import { Reset } from './reset.ts'
import { type Face, type SessionDeps, SessionResource } from './session.ts'
import { LoginThrottle } from './throttle.ts'

export interface SessionResourcesDeps extends SessionDeps {
  readonly store: Tables
  readonly throttle: LoginThrottle
  readonly desk: MailDesk
  readonly publicUrl: string | null
  readonly shared: SharedCounts
}

export class SessionResources implements AccountResources {
  readonly #session: SessionResource
  readonly #password: PasswordResource
  readonly #profile: ProfileResource
  readonly #register: RegisterResource
  readonly #custom: CustomResource

  constructor(deps: SessionResourcesDeps) {
    const { store, throttle, auth, shared } = deps
    const sessions = new SessionResource(deps)
    const starts = new LoginThrottle(auth.loginAttemptsPerMinute, { shared, name: 'resets' })
    const reset = new Reset({ ...deps, sessions, starts })
    const passwords = new PasswordResource({ ...deps, sessions, throttle, reset })
    this.#session = sessions
    this.#password = passwords
    this.#profile = new ProfileResource({ ...deps, sessions, passwords })
    this.#register = new RegisterResource({ ...deps, sessions })
    this.#custom = new CustomResource(store)
  }

  async handle(resource: AccountResource, kind: Face, request: ApiRequest): Promise<ApiReply> {
    switch (resource) {
      case 'session':
        return this.#session.handle(kind, request)
      case 'password':
        return this.#password.handle(kind, request)
      case 'profile':
        return this.#profile.handle(kind, request)
      case 'register':
        return this.#register.handle(request)
      case 'custom':
        return this.#custom.ofUser(request)
    }
  }
}
