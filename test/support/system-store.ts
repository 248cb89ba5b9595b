/** Databases for system stores on a server: each test's own, gone when it is done. */
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import mysql from 'mysql2'
import pg from 'pg'
import type { Database } from './databases.ts'

export interface FreshStore {
  /** For DF_SYSTEM_DB. */
  readonly url: string
  drop(): Promise<void>
}

/** An empty database on the server, whose user may make databases. */
export async function freshStore(server: Omit<Database, 'stop' | 'restart'>): Promise<FreshStore> {
  const name = `dataferry_${randomBytes(6).toString('hex')}`
  const scheme = server.kind === 'postgres' ? 'postgres' : 'mysql'
  await execute(server, `create database ${name}`)
  const login = `${encodeURIComponent(server.user)}:${encodeURIComponent(server.password)}`
  return {
    url: `${scheme}://${login}@${server.host}:${server.port}/${name}`,
    drop: () => execute(server, `drop database ${name}${server.kind === 'postgres' ? ' with (force)' : ''}`),
  }
}

/** Runs a statement as the server's user, in its own database. */
export async function execute(server: Omit<Database, 'stop' | 'restart'>, text: string): Promise<void> {
  const { host, port, user, password, database } = server
  if (server.kind === 'postgres') {
    const client = new pg.Client({ host, port, user, password, database })
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
    return
  }
  const connection = mysql.createConnection({ host, port, user, password })
  try {
    await promisify((sql: string, done: (error: Error | null) => void) =>
      connection.query(sql, (error) => done(error)),
    )(text)
  } finally {
    connection.destroy()
  }
}
