/** A lock that one process of all that work on a database holds: an advisory lock of the connection, asked for until it is free. */
import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Wire } from './wire/connection.ts'
import { PlacedRow } from './wire/row.ts'

const askAgainMs = 100

/** Resolves when the connection holds the lock. A lock that is waited for in the server would end with the statement's own time. */
export async function lockedBy(wire: Wire, name: string, signal: AbortSignal, onWait: () => void): Promise<void> {
  const number = createHash('sha256').update(name).digest().readBigInt64BE(0)
  for (let asked = 0; ; asked++) {
    signal.throwIfAborted()
    let isOurs = false
    const row = new PlacedRow()
    await wire.run(`select pg_try_advisory_lock(${number})`, [], (bytes, start) => {
      row.place(bytes, start)
      isOurs = row.text(0) === 't'
    })
    if (isOurs) return
    if (asked === 0) onWait()
    await pause(askAgainMs, undefined, { signal })
  }
}
