/** Lets so many in at once; others wait in line, and those who would make it too long are refused. */

interface Waiting {
  readonly go: () => void
  readonly refuse: (thrown: unknown) => void
}

export class Gate {
  readonly #room: number
  readonly #line: number
  readonly #waiting: Waiting[] = []
  #inside = 0

  /** `line`: how many may wait. */
  constructor(room: number, line: number) {
    this.#room = room
    this.#line = line
  }

  /** Inside or waiting. */
  get count(): number {
    return this.#inside + this.#waiting.length
  }
  get free(): boolean {
    return this.#inside < this.#room
  }

  /** false: the line is too long. Who was let in calls `leave`. Rejects with the signal's reason, and when the gate is shut. */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (this.free) {
      this.#inside++
      return true
    }
    if (this.#waiting.length >= this.#line) return false
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(signal.reason)
      }
      const over = (how: () => void): void => {
        signal.removeEventListener('abort', onAbort)
        how()
      }
      const waiting: Waiting = { go: () => over(resolve), refuse: (thrown) => over(() => reject(thrown)) }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiting)
    })
    return true
  }

  /** The place goes to the first who waits. */
  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inside--
    else next.go()
  }

  /** Nobody waits any longer. */
  shut(thrown: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.refuse(thrown)
  }
}
