/** Locks that one process of all that work on a database holds, where one that is waited for in the server would end with its time. */
import { setTimeout as pause } from 'node:timers/promises'

const askAgainMs = 100

/** Asks for a lock until it is ours. `onWait` is called once, where somebody else has it. Rejects when the signal aborts. */
export async function untilOurs(ask: () => Promise<boolean>, signal: AbortSignal, onWait: () => void): Promise<void> {
  for (let asked = 0; ; asked++) {
    signal.throwIfAborted()
    if (await ask()) return
    if (asked === 0) onWait()
    await pause(askAgainMs, undefined, { signal })
  }
}
