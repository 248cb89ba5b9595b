/** The statements that one connection keeps prepared, by their texts: a bounded number, the least recently used one dropped first. */
import { closeMessage, parseMessage } from './messages.ts'

/** A statement ready to be bound. */
export interface Prepared {
  readonly name: string
  /** What must be sent before it: its Parse where it is new, and what closes others. */
  readonly before: readonly Buffer[]
  /** Its Parse goes with it, and may fail. */
  readonly isNew: boolean
}

const none: readonly Buffer[] = []

export class StatementNames {
  readonly #most: number
  readonly #names = new Map<string, string>()
  #made = 0
  /** Close messages that go with the next statement. */
  #closing: Buffer[] = []

  constructor(most: number) {
    this.#most = most
  }

  prepare(text: string): Prepared {
    const known = this.#names.get(text)
    if (known !== undefined) {
      this.#names.delete(text)
      this.#names.set(text, known)
      return { name: known, before: this.#takeClosing(), isNew: false }
    }
    const name = `s${++this.#made}`
    this.#names.set(text, name)
    if (this.#names.size > this.#most) {
      for (const oldest of this.#names.keys()) {
        this.#drop(oldest)
        break
      }
    }
    return { name, before: [...this.#takeClosing(), parseMessage(name, text)], isNew: true }
  }

  /** The server could not prepare it: there is nothing of this name there. */
  failed(text: string, name: string): void {
    if (this.#names.get(text) === name) this.#names.delete(text)
  }

  /** All are prepared anew at their next use. */
  forget(): void {
    for (const text of [...this.#names.keys()]) this.#drop(text)
  }

  #drop(text: string): void {
    const name = this.#names.get(text)
    if (name === undefined) return
    this.#names.delete(text)
    this.#closing.push(closeMessage('statement', name))
  }

  #takeClosing(): readonly Buffer[] {
    if (this.#closing.length === 0) return none
    const closing = this.#closing
    this.#closing = []
    return closing
  }
}
