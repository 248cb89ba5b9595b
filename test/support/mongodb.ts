/**
 * A real MongoDB for tests: TEST_MONGODB_URL where that is set (`mongodb://host:port`, the user may create databases), else a private
 * mongod, else a private FerretDB with SQLite behind it, which speaks the same protocol; else the tests that need it are skipped loudly,
 * and fail where CI=true.
 */
import { rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../bench/process.ts'
import { binary, dataFolder, ended, running, unprivileged } from '../../bench/servers/private.ts'

export interface Mongo {
  /** Without a database. */
  readonly url: string
  readonly kind: 'given' | 'mongod' | 'ferretdb'
  /** Of a private server: ends it at once, and starts it again on the same port and data. null for a given one. */
  readonly kill: (() => Promise<void>) | null
  readonly start: (() => Promise<void>) | null
  stop(): Promise<void>
}

export interface FoundMongo {
  readonly mongo: Mongo | null
  readonly skip: string | false
}

/** For one test file; stop it in `after`. */
export async function mongodb(): Promise<FoundMongo> {
  const given = process.env.TEST_MONGODB_URL
  const mongo: Mongo | null = given
    ? { url: given.replace(/\/$/, ''), kind: 'given', kill: null, start: null, stop: async () => {} }
    : ((await startMongod()) ?? (await startFerret()))
  if (mongo !== null) return { mongo, skip: false }
  const why = 'neither mongod nor ferretdb is on this machine, and TEST_MONGODB_URL is not set'
  if (process.env.CI === 'true') throw new Error(why)
  console.error(`SKIPPED: ${why}`)
  return { mongo: null, skip: why }
}

async function startMongod(): Promise<Mongo | null> {
  const server = binary('mongod', ['/usr/bin/mongod', '/opt/homebrew/bin/mongod'])
  if (server === null) return null
  const owner = unprivileged('mongodb')
  const folder = dataFolder('dataferry-mongo-', owner)
  const port = await freePort()
  return privateServer('mongod', server, ['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', folder], {
    port,
    folder,
    options: { ...owner, cwd: folder },
  })
}

/** Built by .ci/install-ferretdb. */
async function startFerret(): Promise<Mongo | null> {
  const server = binary('ferretdb', [join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin', 'ferretdb')])
  if (server === null) return null
  const folder = dataFolder('dataferry-ferret-', {})
  const port = await freePort()
  const args = [
    '--handler=sqlite',
    `--sqlite-url=file:${folder}/`,
    `--listen-addr=127.0.0.1:${port}`,
    `--state-dir=${folder}`,
    '--debug-addr=-',
    '--telemetry=disable',
    '--log-level=error',
  ]
  return privateServer('ferretdb', server, args, { port, folder, options: { cwd: folder } })
}

interface Place {
  readonly port: number
  readonly folder: string
  readonly options: object
}

async function privateServer(
  kind: Mongo['kind'],
  command: string,
  args: readonly string[],
  { port, folder, options }: Place,
): Promise<Mongo> {
  const begin = () => running(command, args, port, options)
  let child = await begin()
  return {
    url: `mongodb://127.0.0.1:${port}`,
    kind,
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
