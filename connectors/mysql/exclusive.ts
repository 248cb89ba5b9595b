/** A lock that one process of all that work on a database holds: a named lock of the connection. */
import { createHash } from 'node:crypto'
import { untilOurs } from 'dataferry/sql'
import type { MysqlConnection } from './connection.ts'

/** Names of locks are the whole server's, and short. */
const lockName = (database: string, name: string): string =>
  `dataferry ${createHash('sha256').update(`${database}\n${name}`).digest('hex').slice(0, 40)}`

/** Resolves when the connection holds the lock. */
export function lockedBy(
  connection: MysqlConnection,
  database: string,
  name: string,
  signal: AbortSignal,
  onWait: () => void,
): Promise<void> {
  const ask = async (): Promise<boolean> => {
    let isOurs = false
    await connection.results('select get_lock(?, 0)', [lockName(database, name)], () => (row) => {
      isOurs = Number(row[0]) === 1
    })
    return isOurs
  }
  return untilOurs(ask, signal, onWait)
}
