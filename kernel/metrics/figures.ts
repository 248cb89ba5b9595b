/** The figures of this process, where somebody wants them. */
import type { Observatory } from '../observe.ts'
import type { Family } from './families.ts'
import { Meter } from './meter.ts'
import { type Stand, Standing } from './standing.ts'

export class Figures {
  readonly #meter: Meter
  readonly #standing: Standing
  readonly #stand: Stand | null
  readonly #unsubscribe: () => void

  /** `process`: its label. `stand`: null where the process answers nothing. */
  constructor(process: string, observatory: Observatory, known: (service: string) => boolean, stand: Stand | null) {
    this.#meter = new Meter(known)
    this.#standing = new Standing(process)
    this.#stand = stand
    this.#unsubscribe = observatory.subscribe(this.#meter.observe)
  }

  families(): readonly Family[] {
    return [...this.#meter.families(), ...this.#standing.families(this.#stand)]
  }

  close(): void {
    this.#unsubscribe()
    this.#standing.close()
  }
}
