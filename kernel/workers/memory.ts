/**
 * Ends threads whose heap has grown too large. V8's own limit of a thread is no more than the last resort: where a single call of its own
 * (JSON.parse, a map that grows) meets that limit, it ends the whole process. So that limit lies far above, and heaps are looked at.
 */
import type { ResourceLimits, Worker } from 'node:worker_threads'

const lookEveryMs = 200
const MIB = 1024 * 1024
/** V8's limit, as a multiple of ours. */
const headroom = 4

export const heapLimits = (bytes: number): ResourceLimits => ({
  maxOldGenerationSizeMb: Math.ceil((bytes * headroom) / MIB),
})

export class MemoryWatch {
  readonly #threads: () => readonly Worker[]
  readonly #most: number
  readonly #onOver: (thread: Worker) => void
  readonly #asked = new WeakSet<Worker>()
  #timer: NodeJS.Timeout | null = null

  /** `onOver` is called at most once a thread, which is ended then. */
  constructor(threads: () => readonly Worker[], most: number, onOver: (thread: Worker) => void) {
    this.#threads = threads
    this.#most = most
    this.#onOver = onOver
  }

  /** Looks as long as there is work. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs).unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #look(): void {
    for (const thread of this.#threads()) {
      if (this.#asked.has(thread)) continue
      // One that can't answer is asked no second time meanwhile.
      this.#asked.add(thread)
      thread.getHeapStatistics().then(
        ({ used_heap_size: used }) => {
          if (used <= this.#most) {
            this.#asked.delete(thread)
            return
          }
          this.#onOver(thread)
          void thread.terminate()
        },
        // It has ended by itself.
        () => {},
      )
    }
  }
}
