/** Questions over a line, by number: each has the answer that comes with its number, or none when that takes too long. */
export class Asks<A> {
  readonly #patienceMs: number
  /** What stands for an answer that did not come. */
  readonly #none: A
  readonly #waiting = new Map<number, (answer: A) => void>()
  #asks = 0

  constructor(patienceMs: number, none: A) {
    this.#patienceMs = patienceMs
    this.#none = none
  }

  /** `send` is given the number to ask under. Never rejects. */
  ask(send: (ask: number) => void): Promise<A> {
    const ask = ++this.#asks
    return new Promise((resolve) => {
      const late = setTimeout(() => this.answer(ask, this.#none), this.#patienceMs)
      this.#waiting.set(ask, (answer) => {
        clearTimeout(late)
        resolve(answer)
      })
      send(ask)
    })
  }

  /** false: nobody waits for it any more. */
  answer(ask: number, answer: A): boolean {
    const give = this.#waiting.get(ask)
    this.#waiting.delete(ask)
    give?.(answer)
    return give !== undefined
  }

  /** No answers come any more. */
  end(): void {
    for (const ask of [...this.#waiting.keys()]) this.answer(ask, this.#none)
  }
}
