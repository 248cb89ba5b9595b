/** Servers of one's own that speak MongoDB's protocol: mongod, FerretDB (built by .ci/install-ferretdb), mongo-java-server. */
import { existsSync, globSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../process.ts'
import { binary, dataFolder, ended, running, unprivileged } from './private.ts'

export interface Mongo {
  /** Without a database. */
  readonly url: string
  readonly kind: 'given' | 'mongod' | 'ferretdb' | 'mongo-java-server'
  /** Of a private server: ends it at once, and starts it again on the same port and data. null for a given one. */
  readonly kill: (() => Promise<void>) | null
  readonly start: (() => Promise<void>) | null
  stop(): Promise<void>
}

export async function startMongod(): Promise<Mongo | null> {
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

export async function startFerret(): Promise<Mongo | null> {
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

/** Its documents are in memory. The class path is MONGO_JAVA_SERVER, or what .ci/install-mongo-java-server got. */
export async function startMongoJava(): Promise<Mongo | null> {
  const java = binary('java', [])
  const got = globSync(join(homedir(), '.cache/dataferry/mongo-java-server-*/*.jar'))
  const path = process.env.MONGO_JAVA_SERVER ?? got.join(delimiter)
  if (java === null || path === '') return null
  const source = join(import.meta.dirname, 'MongoJava.java')
  if (!existsSync(source)) return null
  const folder = dataFolder('dataferry-mongo-java-', {})
  const port = await freePort()
  const args = ['-Xmx512m', '-cp', path, source, String(port)]
  return privateServer('mongo-java-server', java, args, { port, folder, options: { cwd: folder } })
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
