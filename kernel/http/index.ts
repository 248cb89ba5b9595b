/**
 * The HTTP room's front door: bytes become ApiRequests, ApiReplies become bytes. What happens between the two is given to it.
 */
import type { Config } from '../../config/index.ts'
import type { Identify, Identity } from '../access/identity.ts'
import type { ServeMetrics } from '../metrics/page.ts'
import type { Observe } from '../observe.ts'
import type { ApiReply, ApiRequest, Caller, CorsRule, Instance, Json, Log, RawOptions } from '../plugins/contract.ts'
import type { Documents } from '../plugins/documents.ts'
import type { Workers } from '../plugins/workers.ts'
import type { Published } from '../services/published.ts'
import { createListener } from './listener.ts'

export interface HttpDeps {
  readonly settings: Config
  readonly log: Log
  readonly observe: Observe
  /** Who asks. Never throws for bad credentials. */
  readonly identify: Identify
  /** May they: throws the error of data-plane 2.3. Called before the body is read; the request's body is `none`. */
  readonly authorize: (request: ApiRequest, identity: Identity) => void | Promise<void>
  /** The rest of the pipeline, for a request that was authorized. */
  readonly dispatch: (request: ApiRequest, signal: AbortSignal) => Promise<ApiReply>
  /** The body of `GET /api/v2` (data-plane 1.2). */
  readonly index: (query: RawOptions, caller: Caller, origin: string) => Json
  /** What the service of this name wants of a body; null: there is no such service. */
  readonly bodyKind: (service: string) => 'value' | 'raw' | null
  readonly cors: () => readonly CorsRule[]
  /** null as long as nobody offers it. */
  readonly instance: () => Instance | null
  /** What a service gives to everybody outside of the API (control-plane 9.8); null: nothing. Left out: no service does. */
  readonly published?: Published
  /** Left out or null: there is no page at `/docs`. */
  readonly documents?: () => Documents | null
  /** Threads for bodies and answers that take long; left out or null: there are none. */
  readonly workers?: Workers | null
  /** The answer of `/metrics`; left out: there is no such page. */
  readonly metrics?: ServeMetrics
  readonly ready: () => Readiness | Promise<Readiness>
}

export interface Readiness {
  readonly ok: boolean
  readonly detail: Json
}

export interface HttpServer {
  /** Resolves with the address that is bound; rejects when it can't be (`EADDRINUSE`, ...). */
  listen(): Promise<{ readonly port: number; readonly host: string }>
  /** Stops accepting, lets requests under way finish up to the configured time, then cuts what is left. */
  drain(): Promise<void>
  /**
   * Instead of `drain`, where others go on answering on the same port: takes no new connections, answers what still comes on open ones and
   * asks clients to leave them; who has not after `lingerMs` without a request is disconnected.
   */
  retire(lingerMs: number): Promise<void>
  /** Requests under way. */
  underWay(): number
}

export function createHttpServer(deps: HttpDeps): HttpServer {
  return createListener(deps)
}
