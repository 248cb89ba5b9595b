/**
 * The life of the process: reads the configuration, starts the kernel, says what to do next, and ends it as signals ask.
 */
import { join } from 'node:path'
import { type Config, ConfigError, type Loaded, load } from '../config/index.ts'
import { createKernel, type Kernel, type KernelOptions, type Running, StartError } from './kernel.ts'
import { LogFiles } from './log-files.ts'
import { createLog, createLogger, type Level, type Observe } from './observe.ts'
import type { Log } from './plugins/contract.ts'
import { PluginError } from './plugins/loader.ts'
import { collectAtRest } from './rest.ts'
import { packageVersion } from './version.ts'

export interface RunOptions extends Pick<KernelOptions, 'builtins'> {
  /** How long closing may take after the last requests were cut, before the process kills itself. */
  readonly closingMs?: number
}

/** Tells a process that it is a worker of a node of several; its number, from 1. */
export const workerVariable = 'DATAFERRY_WORKER'

/** Resolves when the server listens. What can't be started ends the process with 1 and one line that says why. */
export async function run({ closingMs = 5_000, ...options }: RunOptions = {}): Promise<void> {
  collectAtRest()
  const number = process.env[workerVariable]
  if (number !== undefined) {
    // What it starts itself is no worker.
    delete process.env[workerVariable]
    return (await import('./cluster/run.ts')).runWorker(Number(number), load, { ...options, closingMs })
  }
  const loaded = configuration()
  const { config, warnings } = loaded
  if (config.nodes.processes > 1) return (await import('./cluster/run.ts')).runLeader(loaded, { ...options, closingMs })
  const kernel = createKernel({ ...options, config, version: packageVersion() })
  const { observe, subscribe } = kernel.observatory
  const log = createLog(observe, 'start')
  const files = logFiles(config, createLog(observe, 'log files'))
  subscribe(createLogger(config.log.level satisfies Level | 'off', lines(files)))
  for (const warning of warnings) log.warn(warning)
  observeFaults(observe, () => {})
  handleSignals(kernel, files, config.http.shutdownTimeoutMs + closingMs)
  const running = await kernel.start().catch(refuse)
  process.stdout.write(welcome(config.name, running))
}

/** An exception out of any request ends the process; `before` that. */
export function observeFaults(observe: Observe, before: () => void): void {
  process.on('unhandledRejection', (error) => observe({ kind: 'unhandled', error }))
  process.on('uncaughtException', (error) => {
    observe({ kind: 'unhandled', error })
    before()
    process.exit(1)
  })
}

function configuration(): Loaded {
  try {
    return load()
  } catch (error) {
    if (error instanceof ConfigError) refuse(error)
    throw error
  }
}

/** null: none are wanted. */
export function logFiles({ log: { files, fileBytes }, files: { root } }: Config, log: Log): LogFiles | null {
  if (files === 0) return null
  return new LogFiles({
    folder: join(root, 'logs'),
    files,
    maxBytes: fileBytes,
    failed: (error) => log.error('the log files can not be written', { error }),
    recovered: (lost) => log.warn('the log files are written again; some entries are missing', { lost }),
  })
}

/** Writes to stderr once a turn of the loop: a line for each request would otherwise cost a system call. */
export function lines(files: LogFiles | null): (line: string) => void {
  let pending = ''
  const take = (): string => {
    const text = pending
    pending = ''
    if (text !== '') process.stderr.write(text)
    return text
  }
  const flush = (): void => {
    const text = take()
    files?.write(text)
  }
  process.on('exit', () => {
    const last = take()
    files?.endSync(last)
  })
  return (line) => {
    if (pending === '') setImmediate(flush)
    pending += line
  }
}

/** The one line, or the lines, that a person can act on; anything else is a fault of ours and shows where. */
export function refuse(error: unknown): never {
  process.stderr.write(`dataferry: ${known(error) ? error.message : describe(error)}\n`)
  process.exit(1)
}

/** Whether a person can act on it. */
export function known(error: unknown): error is Error {
  return error instanceof ConfigError || error instanceof StartError || error instanceof PluginError
}

export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** The first signal lets requests finish, a second one ends the process at once. */
function handleSignals(kernel: Kernel, files: LogFiles | null, longestMs: number): void {
  let stopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1)
    stopping = true
    endAfter(() => kernel.stop(signal).finally(() => files?.close()), longestMs, {
      who: 'dataferry',
      left: () => ` (services not closed: ${kernel.unclosed().join(', ') || 'none'})`,
    })
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

/** Ends the process when the work is done, or kills it after `mostMs`. `left`: what the last words say of the work then. */
export function endAfter(
  work: () => Promise<void>,
  mostMs: number,
  { who, left }: { readonly who: string; readonly left: () => string },
): void {
  // A statement that can't be interrupted keeps even process.exit() waiting. The timer holds the process: one that waits for
  // nothing but a promise would end by itself, as if all were well.
  setTimeout(() => {
    process.stderr.write(`${who}: work did not end in time${left()}; the process is killed\n`)
    process.kill(process.pid, 'SIGKILL')
  }, mostMs)
  work().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${who}: ${describe(error)}\n`)
      process.exit(1)
    },
  )
}

/** What a start that succeeded has to say. */
export function welcome(name: string, { url, instance, hints }: Pick<Running, 'url' | 'instance' | 'hints'>): string {
  const lines = [`${name} is listening on ${url}`, '']
  if (instance?.setupNeeded() && instance.setupCode !== null) lines.push(...setupLines(url, instance.setupCode), '')
  if (hints.length > 0) lines.push(...hints, '')
  return `${lines.join('\n')}\n`
}

function setupLines(url: string, code: string): string[] {
  const fields = {
    code,
    email: 'you@example.com',
    first_name: 'Your',
    last_name: 'Name',
    password: 'sixteen letters or more',
  }
  return [
    'There is no administrator yet. The one-time code of this start makes the first one:',
    '',
    `  curl -X POST ${url}/setup -H 'Content-Type: application/json' \\`,
    `    -d '${JSON.stringify(fields)}'`,
    '',
    `or open ${url}/setup and enter the code ${code}`,
  ]
}
