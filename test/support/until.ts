/** Waits for what must come true. Machines are slow and shared, so the time is generous. */
import { setTimeout as pause } from 'node:timers/promises'

/** Throws, with the words of `what`, when it did not come true in time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: it did not within ${ms} ms`)
    await pause(20)
  }
}
