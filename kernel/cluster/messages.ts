/** What the leader of a node and its workers say to each other. Plain data, over the cluster's channel. */
import type { ToHub, ToMember } from '../bus/cluster/messages.ts'
import type { Family } from '../metrics/families.ts'

/** What a worker has to know before it starts. */
export interface Boot {
  /** From 0. */
  readonly index: number
  /** How many workers there are. */
  readonly of: number
  /** null: none is needed. */
  readonly setupCode: string | null
  /** Settings that stay as the leader has read them, until all of the node is started anew. */
  readonly fixed: {
    readonly host: string
    readonly port: number
    readonly dataDir: string
    readonly systemDb: string | null
  }
}

export type ToWorker =
  | { readonly kind: 'boot'; readonly boot: Boot }
  | { readonly kind: 'bus'; readonly message: ToMember }
  /** Others take over: leave without losing a request. */
  | { readonly kind: 'retire' }
  | { readonly kind: 'stop'; readonly signal: string }
  /** Tell what you counted. */
  | { readonly kind: 'report'; readonly ask: number }
  /** What all counted. */
  | { readonly kind: 'figures'; readonly ask: number; readonly families: readonly Family[] }

export type ToLeader =
  | { readonly kind: 'hello' }
  | { readonly kind: 'bus'; readonly message: ToHub }
  | { readonly kind: 'ready'; readonly url: string }
  /** It can't start; one line. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** `ask`: null for the last one before its end. */
  | { readonly kind: 'report'; readonly ask: number | null; readonly families: readonly Family[] }
  | { readonly kind: 'figures'; readonly ask: number }
