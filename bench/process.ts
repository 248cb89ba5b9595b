/** Child processes that serve, and what they cost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Credentials } from './admin.ts'

export interface Memory {
  readonly now: number
  readonly peak: number
}

export interface Served {
  readonly url: string
  /** Of a server that was started with bench/probe.ts: what it answers to a word. */
  ask<T>(what: string): Promise<T>
  /** CPU time used so far by the process, milliseconds; null where the system does not tell. */
  cpu(): number | null
  /** The most memory that was in use since `measure`, and what is in use now, bytes; null where the system does not tell. */
  memory(): Memory | null
  /** The peak of memory is counted from here. */
  measure(): void
  /** Sends a signal that the process answers. */
  tell(signal: NodeJS.Signals): void
  stop(): Promise<void>
  /** SIGKILL: no handler runs. */
  kill(): Promise<void>
}

/**
 * A port of 127.0.0.1 that nothing listens on. It lies below the range from which systems take the ports of outgoing connections:
 * one of that range may be taken again before its server listens, even by the very client that waits for the server.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(10_240, 32_768)
    const probe = createServer().listen(port, '127.0.0.1')
    try {
      await once(probe, 'listening')
    } catch {
      continue
    }
    probe.close()
    await once(probe, 'close')
    return port
  }
  throw new Error('no free port')
}

/** Starts `node ...args` with PORT set and waits until the address answers anything; the output of one that fails is in the error. */
export async function serve(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Served> {
  const port = await freePort()
  const child = spawn(process.execPath, ['-C', 'dataferry-source', ...args], {
    env: { ...process.env, ...env, HOST: '127.0.0.1', PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-8_000)
    })
  }
  const url = `http://127.0.0.1:${port}`
  await answering(url, child, () => output)
  return {
    url,
    async ask<T>(what: string): Promise<T> {
      child.send(what)
      const [answer] = await once(child, 'message')
      return answer as T
    },
    cpu: () => cpuOf(child),
    memory: () => memoryOf(child),
    measure: () => measure(child),
    tell: (signal) => {
      child.kill(signal)
    },
    stop: () => stop(child, 'SIGTERM'),
    kill: () => stop(child, 'SIGKILL'),
  }
}

/** Node's arguments for a server that can be asked (see bench/probe.ts). */
export const probed: readonly string[] = ['--expose-gc', '--import', new URL('./probe.ts', import.meta.url).href]

/** Dataferry itself over a data folder, with its first administrator; `nodeArgs` stand before the program's. */
export const serveOurs = (
  folder: string,
  { email, password }: Credentials,
  env: NodeJS.ProcessEnv = {},
  nodeArgs: readonly string[] = [],
): Promise<Served> =>
  serve([...nodeArgs, 'bin/dataferry.js', 'start'], {
    DF_DATA_DIR: folder,
    DF_SAMPLE: 'false',
    DF_ADMIN_EMAIL: email,
    DF_ADMIN_PASSWORD: password,
    DF_LOG_LEVEL: 'warn',
    ...env,
  })

async function answering(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const until = Date.now() + 120_000
  while (Date.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the server stopped while starting:\n${output()}`)
    const answer = await fetch(url).catch(() => null)
    if (answer !== null) {
      await answer.arrayBuffer()
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop(child, 'SIGKILL')
  throw new Error(`the server did not answer within 120 s:\n${output()}`)
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** Linux tells in clock ticks of 10 ms (fields 14 and 15 of proc(5) stat). */
function cpuOf(child: ChildProcess): number | null {
  try {
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return null
  }
}

/** VmRSS and VmHWM of proc(5) status, in KiB. */
function memoryOf(child: ChildProcess): Memory | null {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
    return { now: bytes('VmRSS'), peak: bytes('VmHWM') }
  } catch {
    return null
  }
}

/** Writing 5 there resets VmHWM. */
function measure(child: ChildProcess): void {
  try {
    writeFileSync(`/proc/${child.pid}/clear_refs`, '5')
  } catch {
    // Where there is none, nothing is measured.
  }
}
