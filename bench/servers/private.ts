/**
 * Database servers of one's own: started from a binary found on this machine, with their data in a temporary folder, on a free port of
 * 127.0.0.1. For tests and benchmarks, which need no durability.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../process.ts'

export interface Database {
  readonly kind: 'postgres' | 'mysql'
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** Stops what was started; a given server is left alone. */
  stop(): Promise<void>
  /** Of a private server: stops it at once and starts it again on the same port and data. null for a given one. */
  readonly restart: (() => Promise<void>) | null
}

/** The newest match: on the path, then in the places where packages put servers. */
export function binary(name: string, patterns: readonly string[]): string | null {
  const packaged =
    patterns.length > 0 ? globSync(patterns).sort((a, b) => b.localeCompare(a, 'en', { numeric: true })) : []
  const candidates = [...packaged, ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))]
  return candidates.find((file) => existsSync(file)) ?? null
}

/** Database servers refuse to run as root: there they run as the user of their package. */
export function unprivileged(user: string): { uid: number; gid: number } | object {
  if (process.getuid?.() !== 0) return {}
  for (const name of [user, 'nobody']) {
    try {
      const id = (flag: string): number =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // No such user: the next.
    }
  }
  return {}
}

export function dataFolder(prefix: string, owner: object): string {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  chmodSync(folder, 0o700)
  if ('uid' in owner && 'gid' in owner) chownSync(folder, Number(owner.uid), Number(owner.gid))
  return folder
}

/** Starts the process and waits until the port takes connections. */
export async function running(
  command: string,
  args: readonly string[],
  port: number,
  options: object,
): Promise<ChildProcess> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4_000)
    })
  }
  const until = Date.now() + 60_000
  while (!(await connects(port))) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${command} did not start:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return child
}
function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** A private PostgreSQL with a superuser `test`; null where there is no binary. */
export async function startPostgres(): Promise<Database | null> {
  const initdb = binary('initdb', ['/usr/lib/postgresql/*/bin/initdb', '/opt/homebrew/opt/postgresql*/bin/initdb'])
  const server = initdb === null ? null : join(initdb, '..', 'postgres')
  if (initdb === null || server === null || !existsSync(server)) return null
  const owner = unprivileged('postgres')
  const folder = dataFolder('dataferry-pg-', owner)
  const port = await freePort()
  // Durability is not what is tested here.
  const args = [
    '-D',
    join(folder, 'data'),
    '-p',
    String(port),
    '-k',
    folder,
    '-h',
    '127.0.0.1',
    '-c',
    'fsync=off',
    '-c',
    'max_connections=60',
  ]
  execFileSync(
    initdb,
    ['-D', join(folder, 'data'), '-U', 'test', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    { ...owner, cwd: folder, stdio: 'pipe' },
  )
  const start = async (): Promise<ChildProcess> => {
    const started = await running(server, args, port, { ...owner, cwd: folder })
    await answering(join(initdb, '..', 'pg_isready'), port)
    return started
  }
  let child = await start()
  return {
    kind: 'postgres',
    host: '127.0.0.1',
    port,
    user: 'test',
    password: '',
    database: 'postgres',
    stop: async () => {
      await ended(child, 'SIGINT')
      rmSync(folder, { recursive: true, force: true })
    },
    restart: async () => {
      // Its crash: nothing is finished, and the log is replayed at the next start.
      await ended(child, 'SIGQUIT')
      child = await start()
    },
  }
}

/** A private MariaDB whose root needs no password; null where there is no binary. */
/** A server takes connections before it takes logins. */
async function answering(isReady: string, port: number): Promise<void> {
  const until = Date.now() + 60_000
  while (existsSync(isReady)) {
    if (spawnSync(isReady, ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0 || Date.now() > until) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function startMysql(): Promise<Database | null> {
  const server = binary('mariadbd', [
    '/usr/sbin/mariadbd',
    '/usr/sbin/mysqld',
    '/opt/homebrew/opt/mariadb/bin/mariadbd',
  ])
  const install = binary('mariadb-install-db', ['/usr/bin/mariadb-install-db'])
  if (server === null || install === null) return null
  const owner = unprivileged('mysql')
  const folder = dataFolder('dataferry-my-', owner)
  const port = await freePort()
  const data = join(folder, 'data')
  execFileSync(
    install,
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { ...owner, cwd: folder, stdio: 'pipe' },
  )
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=64M',
    '--log-bin-trust-function-creators=1',
    '--character-set-server=utf8mb4',
  ]
  let child = await running(server, args, port, { ...owner, cwd: folder })
  const sql = (text: string): void => {
    execFileSync(
      binary('mariadb', ['/usr/bin/mariadb']) ?? 'mariadb',
      ['--no-defaults', `--socket=${join(folder, 'socket')}`, '-uroot', '-e', text],
      { stdio: 'pipe' },
    )
  }
  sql(
    "create database test character set utf8mb4; create user test@'127.0.0.1' identified by 'test'; grant all on *.* to test@'127.0.0.1' with grant option; create user test@localhost identified by 'test'; grant all on *.* to test@localhost with grant option",
  )
  return {
    kind: 'mysql',
    host: '127.0.0.1',
    port,
    user: 'test',
    password: 'test',
    database: 'test',
    stop: async () => {
      await ended(child, 'SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
    restart: async () => {
      await ended(child, 'SIGKILL')
      child = await running(server, args, port, { ...owner, cwd: folder })
    },
  }
}
