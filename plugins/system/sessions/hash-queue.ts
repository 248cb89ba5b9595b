/**
 * Lets few computations of hashes run at once, and others wait: they take a processor each, which requests need too. Who waits is
 * served in turn by client address, so that a flood from one does not hold up the logins of others; where too many wait, the
 * longest line loses its last.
 */
import { ServiceUnavailable } from 'dataferry/sdk'

interface Waiting {
  readonly go: () => void
  readonly refuse: (error: Error) => void
}

export interface HashQueueOptions {
  readonly atOnce: number
  /** In all lines together. */
  readonly waitingMost?: number
}

const tooMany = (): ServiceUnavailable =>
  new ServiceUnavailable('Too many logins at once. Try again.', { headers: { 'Retry-After': '5' } })

export class HashQueue {
  readonly #atOnce: number
  readonly #waitingMost: number
  /** By address; whose turn is next stands first. */
  readonly #lines = new Map<string, Waiting[]>()
  #running = 0
  #waiting = 0

  constructor({ atOnce, waitingMost = 200 }: HashQueueOptions) {
    this.#atOnce = atOnce
    this.#waitingMost = waitingMost
  }

  /** Throws ServiceUnavailable when the line is too long. */
  async run<T>(address: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++
    else await this.#wait(address)
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  #wait(address: string): Promise<void> {
    if (this.#waiting >= this.#waitingMost) this.#shorten(address)
    this.#waiting++
    return new Promise((go, refuse) => {
      const line = this.#lines.get(address)
      if (line === undefined) this.#lines.set(address, [{ go, refuse }])
      else line.push({ go, refuse })
    })
  }

  /** Refuses the last of the longest line. Throws where that is the newcomer. */
  #shorten(address: string): void {
    let longest = ''
    let most = 0
    for (const [name, { length }] of this.#lines) if (length > most) [longest, most] = [name, length]
    const own = this.#lines.get(address)?.length ?? 0
    if (own + 1 >= most) throw tooMany()
    this.#waiting--
    this.#lines.get(longest)?.pop()?.refuse(tooMany())
  }

  /** The place goes to the first of the next line, which then stands last among the lines. */
  #next(): void {
    for (const [address, line] of this.#lines) {
      this.#lines.delete(address)
      const first = line.shift()
      if (line.length > 0) this.#lines.set(address, line)
      if (first === undefined) continue
      this.#waiting--
      first.go()
      return
    }
    this.#running--
  }
}
