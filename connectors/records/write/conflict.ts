/** Transactions that stood in each other's way: the database has ended one of them, which can simply be done again. */
import { ServiceUnavailable } from 'dataferry/sdk'

/** What a source throws where nothing of the transaction is left because of another one. */
export class WriteConflict extends ServiceUnavailable {
  constructor(message: string, cause?: unknown) {
    super(message, { cause, headers: { 'Retry-After': '1' } })
  }
}

const attemptsAtMost = 6

/** Does the work, and again as long as it stands in somebody's way. `work` leaves nothing behind where it throws. */
export async function despiteConflicts<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await work()
    } catch (thrown) {
      if (!(thrown instanceof WriteConflict) || attempts === attemptsAtMost || signal.aborted) throw thrown
      // Not all at the same moment again.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** attempts))
    }
  }
}
