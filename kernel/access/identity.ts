/**
 * Who asks: what HTTP finds of credentials goes in, an Identity comes out. A token that can't be accepted is no error yet: it is
 * remembered here, and thrown by the access check (data-plane 2.2), so that the index and the login can decide for themselves.
 */
import type { ApiError } from '../errors.ts'
import type { Caller, Verb } from '../plugins/contract.ts'

/** Credentials as a request sent them (data-plane 2.2); empty ones are null. */
export interface Credentials {
  readonly apiKey: string | null
  readonly token: string | null
  readonly basic: { readonly login: string; readonly password: string } | null
  /** The client's address: failed logins are counted by it. */
  readonly address: string
}

export interface Identity {
  readonly caller: Caller
  /** Why the credentials can't be accepted; the access check throws it before anything else. */
  readonly problem: ApiError | null
  readonly sentKey: boolean
  readonly sentToken: boolean
}

/** Never throws for bad credentials. A cached caller is answered without a promise. */
export type Identify = (
  credentials: Credentials,
  verb: Verb,
  service: string,
  path: readonly string[],
) => Identity | Promise<Identity>
