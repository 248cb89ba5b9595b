/**
 * What plugins offer each other, over tsyringe: one symbol token an ability in the root container, a child container a plugin, so
 * that a test can put another one in the place of what one plugin asks for. No decorators: everything is a factory.
 */
import { InternalError } from '../errors.ts'
import type { Ability } from './contract.ts'

/** What of a tsyringe container is used here; kernel.ts brings the container. */
export interface Container {
  createChildContainer(): Container
  register<T>(token: symbol, by: { readonly useFactory: () => T }): unknown
  isRegistered(token: symbol, recursive: boolean): boolean
  resolve<T>(token: symbol): T
}

/** The abilities as one plugin sees them. */
export interface AbilityScope {
  offer<T>(what: Ability<T>, by: T): void
  /** Throws InternalError when nobody offers it. */
  ask<T>(what: Ability<T>): T
  find<T>(what: Ability<T>): T | null
  /** Offers to this scope alone, in front of what others offer. */
  override<T>(what: Ability<T>, by: T): void
}

export class Abilities {
  readonly #root: Container
  readonly #tokens = new Map<string, symbol>()
  readonly #offeredBy = new Map<string, string>()

  constructor(root: Container) {
    this.#root = root
  }

  /** The scope of one plugin, or of the kernel. */
  scope(owner: string): AbilityScope {
    const own = this.#root.createChildContainer()
    const find = <T>(what: Ability<T>): T | null => {
      const token = this.#token(what)
      return own.isRegistered(token, true) ? own.resolve<T>(token) : null
    }
    return {
      find,
      offer: (what, by) => this.#offer(owner, what, by),
      override: (what, by) => void own.register(this.#token(what), { useFactory: () => by }),
      ask: (what) => {
        const found = find(what)
        if (found === null) throw new InternalError(`Nothing on this server offers ${what.name}.`)
        return found
      },
    }
  }

  #offer<T>(owner: string, what: Ability<T>, by: T): void {
    const other = this.#offeredBy.get(what.name)
    if (other !== undefined) throw new Error(`${what.name} is offered by ${other} already`)
    this.#offeredBy.set(what.name, owner)
    this.#root.register(this.#token(what), { useFactory: () => by })
  }

  #token({ name }: Ability<unknown>): symbol {
    let token = this.#tokens.get(name)
    if (token === undefined) {
      token = Symbol(name)
      this.#tokens.set(name, token)
    }
    return token
  }
}
