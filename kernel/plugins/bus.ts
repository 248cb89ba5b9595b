/**
 * What the nodes of one installation tell each other and count together: changes, limits, failed logins. An ability that the kernel
 * offers: over Redis where `DF_CACHE` is set, else of this node alone. Nothing here is the truth of anything: that is in the system
 * store, and who must not miss a change looks there too. [C] for all but the functions.
 */
import { type Ability, ability } from './contract.ts'

/** Where a counter stands. */
export interface Counted {
  readonly count: number
  /** Milliseconds until it begins anew. */
  readonly endsInMs: number
}

/** What a try that may fail is told: it may go on, others are under way and it should ask again, or too many failed. */
export type Admission =
  | { readonly kind: 'admitted'; readonly attempt: SharedAttempt }
  | { readonly kind: 'busy' }
  | { readonly kind: 'refused'; readonly waitMs: number }

/** Exactly one of the three is called, once. None throws. */
export interface SharedAttempt {
  /** What failed before is forgotten. */
  succeeded(): void
  failed(): void
  abandoned(): void
}

export interface Bus {
  /** `alone`: there is nothing to share through. `down`: it does not answer at present, and everything here answers null. */
  state(): 'alone' | 'up' | 'down'
  /**
   * Tells the other nodes that listen at this moment. A promise where this node has other processes: it resolves when they have acted upon
   * it, or take too long. Never throws.
   */
  tell(topic: string, message: string): void | Promise<void>
  /**
   * Hears what other nodes tell, and what this one does, maybe twice. A listener that takes its time returns a promise. Returns the way to stop.
   */
  hear(topic: string, listener: (message: string) => void | Promise<void>): () => void
  /** Counts a hit in a window that begins with its first one. null: not shared at present, count by yourself. */
  hit(counter: string, member: string, windowMs: number): Promise<Counted | null>
  /** Every member of a counter that was hit in its window; null as above. */
  counted(counter: string): Promise<ReadonlyMap<string, Counted> | null>
  /** Begins counters anew, all members. */
  forget(counters: readonly string[]): Promise<void>
  /** Admits a try unless `most` of the same name failed within the last `windowMs`; null as above. */
  attempt(name: string, most: number, windowMs: number): Promise<Admission | null>
}
export const BusAbility: Ability<Bus> = ability<Bus>('Bus')

/** Secrets that all nodes have to have alike. Offered by plugins/system where its store is shared by nodes. */
export interface SharedSecrets {
  /** The secret of this name. The first node that asks keeps what it brings. */
  secret(name: string, first: () => Promise<string>): Promise<string>
}
export const SharedSecretsAbility: Ability<SharedSecrets> = ability<SharedSecrets>('SharedSecrets')
