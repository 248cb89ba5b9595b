/** A lock that one process of all that work on a database holds: a named lock of the connection, asked for until it is free. */
import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { MysqlConnection } from './connection.ts'

const askAgainMs = 100

/** Names of locks are the whole server's, and short. */
const lockName = (database: string, name: string): string =>
  `dataferry ${createHash('sha256').update(`${database}\n${name}`).digest('hex').slice(0, 40)}`

/** Resolves when the connection holds the lock. */
export async function lockedBy(
  connection: MysqlConnection,
  database: string,
  name: string,
  signal: AbortSignal,
  onWait: () => void,
): Promise<void> {
  for (let asked = 0; ; asked++) {
    signal.throwIfAborted()
    let isOurs = false
    await connection.results('select get_lock(?, 0)', [lockName(database, name)], () => (row) => {
      isOurs = Number(row[0]) === 1
    })
    if (isOurs) return
    if (asked === 0) onWait()
    await pause(askAgainMs, undefined, { signal })
  }
}
