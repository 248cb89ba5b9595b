/** A lock that one process of all that work on a database holds: an advisory lock of the connection. */
import { createHash } from 'node:crypto'
import { untilOurs } from 'dataferry/sql'
import type { Wire } from './wire/connection.ts'

/** Resolves when the connection holds the lock. */
export function lockedBy(wire: Wire, name: string, signal: AbortSignal, onWait: () => void): Promise<void> {
  const number = createHash('sha256').update(name).digest().readBigInt64BE(0)
  const { row } = wire
  const ask = async (): Promise<boolean> => {
    let isOurs = false
    await wire.run(`select pg_try_advisory_lock(${number})`, [], (bytes, start, end) => {
      row.place(bytes, start, end)
      isOurs = row.text(0) === 't'
    })
    return isOurs
  }
  return untilOurs(ask, signal, onWait)
}
