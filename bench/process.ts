/** Child processes that serve, and what they cost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

export interface Served {
  readonly url: string
  /** CPU time used so far by the process, milliseconds; null where the system does not tell. */
  cpu(): number | null
  stop(): Promise<void>
  /** SIGKILL: no handler runs. */
  kill(): Promise<void>
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

/** Starts `node ...args` with PORT set and waits until the address answers anything; the output of one that fails is in the error. */
export async function serve(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Served> {
  const port = await freePort()
  const child = spawn(process.execPath, ['-C', 'dataferry-source', ...args], {
    env: { ...process.env, ...env, HOST: '127.0.0.1', PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-8_000)
    })
  }
  const url = `http://127.0.0.1:${port}`
  await answering(url, child, () => output)
  return { url, cpu: () => cpuOf(child), stop: () => stop(child, 'SIGTERM'), kill: () => stop(child, 'SIGKILL') }
}

async function answering(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const until = Date.now() + 30_000
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
  throw new Error(`the server did not answer within 30 s:\n${output()}`)
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
