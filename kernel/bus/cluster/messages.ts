/** What the processes of one node say to each other for the bus. Plain data, over the cluster's channel. */
import type { Counted } from '../../plugins/bus.ts'

/** From a worker. `ask`: the number that the answer carries. */
export type ToHub =
  | { readonly bus: 'tell'; readonly ask: number; readonly topic: string; readonly message: string }
  /** What was told under this number was acted upon. */
  | { readonly bus: 'acted'; readonly told: number }
  | { readonly bus: 'hear'; readonly topic: string }
  | {
      readonly bus: 'hit'
      readonly ask: number
      readonly counter: string
      readonly member: string
      readonly windowMs: number
    }
  | { readonly bus: 'counted'; readonly ask: number; readonly counter: string }
  | { readonly bus: 'forget'; readonly ask: number; readonly counters: readonly string[] }
  | {
      readonly bus: 'attempt'
      readonly ask: number
      readonly name: string
      readonly most: number
      readonly windowMs: number
    }
  | { readonly bus: 'ended'; readonly attempt: number; readonly how: Ending }

/** To a worker. */
export type ToMember =
  | { readonly bus: 'told'; readonly told: number; readonly topic: string; readonly message: string }
  | { readonly bus: 'answer'; readonly ask: number; readonly answer: Answer }
  /** How the cache that all nodes share does. */
  | { readonly bus: 'cache'; readonly state: CacheState }

export type Ending = 'succeeded' | 'failed' | 'abandoned'
/** null: there is none. */
export type CacheState = 'up' | 'down' | null

export type Answer =
  | Counted
  | readonly (readonly [member: string, counted: Counted])[]
  | { readonly kind: 'admitted'; readonly attempt: number }
  | { readonly kind: 'busy' }
  | { readonly kind: 'refused'; readonly waitMs: number }
  | null

/** One end of the channel: what is sent arrives in order, or not at all. */
export interface Line<Out> {
  send(message: Out): void
}
