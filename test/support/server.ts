/**
 * Servers for tests. `startServer` runs one in this process, on a free port, with a data folder of its own that `stop` removes;
 * `startProcess` runs one as a process, for what signals do.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from '../../config/index.ts'
import { createKernel, type Kernel, type Running } from '../../kernel/kernel.ts'
import type { Observation } from '../../kernel/observe.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const adminCredentials = { email: 'admin@example.org', password: 'a password of some length' }

export interface TestServer extends Running {
  readonly kernel: Kernel
  readonly folder: string
  /** Everything observed since the start. */
  readonly seen: readonly Observation[]
  /** Stops the server and removes its data folder. */
  stop(): Promise<void>
}

export interface ServerOptions {
  /** Settings by their names in the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Plugins instead of the built-in ones, paths from the package root. */
  readonly builtins?: readonly string[]
  /** A data folder to use (and to leave) instead of a new one. */
  readonly folder?: string
}

/** With the built-in plugins there is an administrator, `adminCredentials`, and no sample. */
export async function startServer({ env = {}, builtins, folder: given }: ServerOptions = {}): Promise<TestServer> {
  const folder = given ?? (await temporaryFolder())
  const { config } = load({ env: { ...settings(folder), ...env }, directory: folder })
  const kernel = createKernel({ config, version: '0.0.0', from: root, ...(builtins === undefined ? {} : { builtins }) })
  const seen: Observation[] = []
  kernel.observatory.subscribe((what) => seen.push(what))
  const remove = async (): Promise<void> => {
    if (given === undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    const running = await kernel.start()
    const stop = async (): Promise<void> => {
      await kernel.stop()
      await remove()
    }
    return { ...running, kernel, folder, seen, stop }
  } catch (error) {
    await remove()
    throw error
  }
}

export interface TestProcess {
  readonly child: ChildProcess
  readonly url: string
  readonly folder: string
  /** What it wrote so far. */
  stdout(): string
  stderr(): string
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>
  /** Kills it if it still runs, and removes its data folder. */
  stop(): Promise<void>
}

/** `script` is a path from the package root. Resolves when the process says where it listens, or ended (then `url` is empty). */
export async function startProcess(script: string, env: Readonly<Record<string, string>> = {}): Promise<TestProcess> {
  const folder = await temporaryFolder()
  const child = spawn(process.execPath, ['-C', 'dataferry-source', join(root, script), 'start'], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...settings(folder), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const exit = once(child, 'close').then(
    ([code, signal]: (number | NodeJS.Signals | null)[]) => code ?? signal ?? 'SIGKILL',
  )
  const listening = new Promise<string>((resolve) => {
    const look = (): void => {
      const [, url] = /listening on (\S+)\n/.exec(output.stdout) ?? []
      if (url !== undefined) resolve(url)
    }
    child.stdout.on('data', look)
  })
  const url = await Promise.race([listening, exit.then(() => '')])
  return {
    child,
    url,
    folder,
    exit,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    async stop() {
      child.kill('SIGKILL')
      await exit
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Signs in as the administrator of the settings; the session token. */
export async function signIn(url: string, { email, password } = adminCredentials): Promise<string> {
  const answer = await fetch(`${url}/api/v2/system/admin/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { readonly session_token: string }).session_token
}

function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'dataferry-test-'))
}

function settings(folder: string): Readonly<Record<string, string>> {
  return {
    HOST: '127.0.0.1',
    PORT: '0',
    DF_DATA_DIR: join(folder, 'data'),
    DF_SAMPLE: 'false',
    DF_LOG_LEVEL: 'error',
    DF_ADMIN_EMAIL: adminCredentials.email,
    DF_ADMIN_PASSWORD: adminCredentials.password,
  }
}
