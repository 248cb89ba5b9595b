/**
 * A server with CouchDB's interface for tests: COUCHDB_URL where that is set (`http://user:password@host:port`, an administrator), else a
 * private express-pouchdb, a development dependency, as a process of its own.
 */
import { rmSync } from 'node:fs'
import { freePort } from '../../bench/process.ts'
import { dataFolder, ended, running } from '../../bench/servers/private.ts'

export interface Couch {
  readonly url: string
  readonly kind: 'given' | 'express-pouchdb'
  /** Of a private server: ends it at once, and starts it again on the same port and data. null for a given one. */
  readonly kill: (() => Promise<void>) | null
  readonly start: (() => Promise<void>) | null
  stop(): Promise<void>
}

/** For one test file; stop it in `after`. */
export async function couchdb(): Promise<Couch> {
  const given = process.env.COUCHDB_URL
  if (given) return { url: given, kind: 'given', kill: null, start: null, stop: async () => {} }
  const folder = dataFolder('dataferry-couch-', {})
  const port = await freePort()
  const server = new URL('./couchdb-server.ts', import.meta.url).pathname
  const begin = () => running(process.execPath, [server, String(port), folder], port, {})
  let child = await begin()
  return {
    url: `http://127.0.0.1:${port}`,
    kind: 'express-pouchdb',
    kill: () => ended(child, 'SIGKILL'),
    start: async () => {
      child = await begin()
    },
    stop: async () => {
      await ended(child, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

let spaces = 0

/** The configuration of a service that has databases of its own on the server, and how these are removed. */
export function couchSpace(couch: Couch): {
  readonly config: { readonly dsn: string; readonly options: { readonly prefix: string } }
  remove(): Promise<void>
} {
  const prefix = `t${process.pid}_${++spaces}_`
  return {
    config: { dsn: couch.url, options: { prefix } },
    async remove() {
      for (const name of (await ask(couch, 'GET', '_all_dbs')) as readonly string[])
        if (name.startsWith(prefix)) await ask(couch, 'DELETE', encodeURIComponent(name))
    },
  }
}

/** Past the service. */
export async function ask(couch: Couch, method: string, path: string, body?: unknown): Promise<unknown> {
  const url = new URL(couch.url)
  const login = url.username === '' ? null : Buffer.from(`${url.username}:${url.password}`).toString('base64')
  const answer = await fetch(`${url.origin}/${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', ...(login === null ? {} : { Authorization: `Basic ${login}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return answer.json()
}
