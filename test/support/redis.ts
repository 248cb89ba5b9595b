/**
 * A real Redis for tests: TEST_REDIS_URL where that is set, else a private server on a free port of 127.0.0.1, else the tests that need
 * it are skipped loudly, and fail where CI=true.
 */
import { rmSync } from 'node:fs'
import { freePort } from '../../bench/process.ts'
import { binary, dataFolder, ended, running, unprivileged } from '../../bench/servers/private.ts'

export interface Redis {
  /** For DF_CACHE. */
  readonly url: string
  /** Of a private server: ends it at once, and starts it again on the same port, empty. null for a given one. */
  readonly kill: (() => Promise<void>) | null
  readonly start: (() => Promise<void>) | null
  /** Of a private server: it answers nothing while it is paused, and keeps its connections. null for a given one. */
  readonly pause: ((paused: boolean) => void) | null
  stop(): Promise<void>
}

export interface FoundRedis {
  readonly redis: Redis | null
  readonly skip: string | false
}

/** For one test file; stop it in `after`. */
export async function redis(): Promise<FoundRedis> {
  const given = process.env.TEST_REDIS_URL
  const server = given ? { url: given, kill: null, start: null, pause: null, stop: async () => {} } : await startRedis()
  if (server !== null) return { redis: server, skip: false }
  const why = 'redis-server is not on this machine and TEST_REDIS_URL is not set'
  if (process.env.CI === 'true') throw new Error(why)
  console.error(`SKIPPED: ${why}`)
  return { redis: null, skip: why }
}

const password = 'a "password" of Redis'

async function startRedis(): Promise<Redis | null> {
  const server = binary('redis-server', ['/usr/bin/redis-server', '/opt/homebrew/bin/redis-server'])
  if (server === null) return null
  const owner = unprivileged('redis')
  const folder = dataFolder('dataferry-redis-', owner)
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, '--requirepass', password]
  const begin = () => running(server, args, port, { ...owner, cwd: folder })
  let child = await begin()
  return {
    url: `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}/1`,
    kill: () => ended(child, 'SIGKILL'),
    start: async () => {
      child = await begin()
    },
    pause: (paused) => void child.kill(paused ? 'SIGSTOP' : 'SIGCONT'),
    stop: async () => {
      await ended(child, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
