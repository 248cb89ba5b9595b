/** The lives of the processes of a node of several: the leader, and each worker. */
import { flushCompileCache } from 'node:module'
import type { Loaded } from '../../config/index.ts'
import { createKernel, type KernelOptions, StartError } from '../kernel.ts'
import { createLog, createLogger } from '../observe.ts'
import { describe, endAfter, known, lines, logFiles, observeFaults, refuse, welcome } from '../process.ts'
import { packageVersion } from '../version.ts'
import { Leader, lingerMs } from './leader.ts'
import { LeaderChannel } from './worker.ts'

export interface NodeOptions extends Pick<KernelOptions, 'builtins'> {
  /** How long closing may take after the last requests were cut. */
  readonly closingMs: number
}

/** Resolves when every worker listens. SIGHUP exchanges the workers, SIGTERM and SIGINT end them and the node, a second one at once. */
export async function runLeader({ config, warnings }: Loaded, { closingMs, ...options }: NodeOptions): Promise<void> {
  const kernel = createKernel({ ...options, config, version: packageVersion(), seat: { kind: 'leader' } })
  const { observe, subscribe } = kernel.observatory
  const log = createLog(observe, 'start')
  const files = logFiles(config, createLog(observe, 'log files'))
  const line = lines(files)
  subscribe(createLogger(config.log.level, line))
  for (const warning of warnings) log.warn(warning)
  let leader: Leader | null = null
  observeFaults(observe, () => leader?.kill())
  let stopping = false
  const stop = async (signal: string): Promise<void> => {
    observe({ kind: 'draining', signal })
    const began = performance.now()
    const well = (await leader?.stop(signal)) ?? true
    await kernel.stop(signal)
    observe({ kind: 'stopped', ms: Math.round(performance.now() - began) })
    await files?.close()
    process.exit(well ? 0 : 1)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      leader?.kill()
      process.exit(1)
    }
    stopping = true
    stop(signal).catch(refuse)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('SIGHUP', () => {
    if (!stopping) void leader?.roll()
  })
  const failed = (error: unknown): never => {
    leader?.kill()
    return refuse(error)
  }
  const leading = await kernel.lead().catch(failed)
  const workers = new Leader({
    workers: config.nodes.processes,
    hub: leading.hub,
    line,
    observe,
    own: () => kernel.figures(),
    endMostMs: config.http.shutdownTimeoutMs + closingMs + 2_000,
    boot: (index) => ({
      index,
      of: config.nodes.processes,
      setupCode: leading.instance?.setupCode ?? null,
      fixed: {
        host: config.http.host,
        port: leading.port,
        dataDir: config.dataDir,
        systemDb: config.nodes.systemDb,
      },
    }),
  })
  leader = workers
  await kernel.serveMetrics(() => workers.collect()).catch(failed)
  // Workers load the same modules.
  flushCompileCache()
  const url = await workers.start().catch((error: unknown) => {
    if (stopping) return null
    return failed(new StartError(error instanceof Error ? error.message : String(error)))
  })
  if (url === null) return
  observe({ kind: 'listening', url })
  process.stdout.write(welcome(config.name, { url, instance: leading.instance, hints: leading.hints(url) }))
}

/** Resolves when it listens. `number`: from 1. */
export async function runWorker(
  number: number,
  configuration: () => Loaded,
  { closingMs, ...options }: NodeOptions,
): Promise<void> {
  const channel = new LeaderChannel()
  // A terminal sends Ctrl-C to all processes; what it means for this one comes from the leader.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  const fail = async (error: unknown): Promise<never> => {
    await channel.failed(known(error) ? error.message : describe(error))
    process.exit(1)
  }
  const { index, of, setupCode, fixed } = await channel.boot()
  let loaded: Loaded
  try {
    loaded = configuration()
  } catch (error) {
    return fail(error)
  }
  const { host, port, dataDir, systemDb } = fixed
  const { http, nodes, ...rest } = loaded.config
  const config = { ...rest, dataDir, http: { ...http, host, port }, nodes: { ...nodes, systemDb } }
  const { bus } = channel
  const collect = () => channel.collect()
  const seat = { kind: 'worker', index, of, setupCode, bus, collect } as const
  const kernel = createKernel({ ...options, config, version: packageVersion(), seat })
  const { observe, subscribe } = kernel.observatory
  subscribe(createLogger(config.log.level, lines(null), undefined, number))
  observeFaults(observe, () => {})
  let ending = false
  const end = (before: () => Promise<void>, signal: string, mostMs: number): void => {
    if (ending) return
    ending = true
    const work = async (): Promise<void> => {
      await before()
      const figures = kernel.figures()
      await kernel.stop(signal)
      await channel.lastReport(figures)
    }
    endAfter(work, mostMs, { who: `dataferry: worker ${number}`, left: () => '' })
  }
  const endMostMs = config.http.shutdownTimeoutMs + closingMs
  const stop = (signal: string): void => end(async () => {}, signal, endMostMs)
  process.on('SIGTERM', () => stop('SIGTERM'))
  channel.follow({
    stop,
    retire: () => end(() => kernel.retire(lingerMs), 'retired', endMostMs + lingerMs),
    report: () => kernel.figures(),
  })
  const running = await kernel.start().catch(fail)
  channel.ready(running.url)
}
