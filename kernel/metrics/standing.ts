/** How a process stands at the moment it is asked: its event loop, memory and processor time, and what the server holds. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Vitals } from '../plugins/contract.ts'
import { counter, type Family, gauge } from './families.ts'

/** What of the server is asked. */
export interface Stand {
  readonly underWay: () => number
  readonly snapshotVersion: () => number
  readonly vitals: () => ReadonlyMap<string, Vitals>
  /** Pieces of work of the pool of threads; null: there is none. */
  readonly threads: () => { readonly computing: number; readonly streaming: number; readonly threads: number } | null
}

const resolutionMs = 10

/** `process`: the label that tells it apart. */
export class Standing {
  readonly #process: string
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs })
  #utilization = performance.eventLoopUtilization()

  constructor(process: string) {
    this.#process = process
    this.#delay.enable()
  }

  close(): void {
    this.#delay.disable()
  }

  /** The event loop's figures are of the time since they were asked for last. */
  families(stand: Stand | null): readonly Family[] {
    return [...this.#own(), ...(stand === null ? [] : held(stand, { process: this.#process }))]
  }

  #own(): readonly Family[] {
    const label = { process: this.#process }
    const utilization = performance.eventLoopUtilization()
    const { utilization: busy } = performance.eventLoopUtilization(utilization, this.#utilization)
    this.#utilization = utilization
    // The timer itself is part of what is measured.
    const seconds = (ns: number): number => Math.max(0, ns / 1e9 - resolutionMs / 1_000)
    const delay = this.#delay
    const delays = delay.count === 0 ? [0, 0, 0] : [delay.percentile(50), delay.percentile(99), delay.max].map(seconds)
    delay.reset()
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    return [
      gauge(
        'dataferry_event_loop_delay_seconds',
        'How late the event loop was, since it was asked last.',
        ['0.5', '0.99', '1'].map((quantile, at) => [{ ...label, quantile }, delays[at] ?? 0]),
      ),
      gauge(
        'dataferry_event_loop_utilization',
        'The part of the time that the event loop was busy, since it was asked last.',
        [[label, Number.isFinite(busy) ? busy : 0]],
      ),
      gauge('dataferry_memory_bytes', 'Memory of the process.', [
        [{ ...label, of: 'resident' }, rss],
        [{ ...label, of: 'heap_used' }, heapUsed],
        [{ ...label, of: 'heap_total' }, heapTotal],
        [{ ...label, of: 'external' }, external],
      ]),
      counter('dataferry_cpu_seconds_total', 'Processor time of the process.', [[label, (user + system) / 1e6]]),
      gauge('dataferry_uptime_seconds', 'How long the process runs.', [[label, process.uptime()]]),
    ]
  }
}

function held(stand: Stand, label: { readonly process: string }): readonly Family[] {
  const vitals = [...stand.vitals()]
  const pools = vitals.flatMap(([service, { connections }]) => (connections ? [{ service, ...connections }] : []))
  const programs = vitals.flatMap(([service, { programs }]) => (programs ? [{ service, ...programs }] : []))
  const threads = stand.threads()
  return [
    gauge('dataferry_requests_in_flight', 'Requests under way.', [[{}, stand.underWay()]]),
    gauge('dataferry_snapshot_version', 'The version of services, roles and apps that the process has.', [
      [label, stand.snapshotVersion()],
    ]),
    gauge(
      'dataferry_connections',
      'Connections of a service to its database, or the threads of SQLite.',
      pools.flatMap(({ service, open, idle }) => [
        [{ service, state: 'idle' }, idle],
        [{ service, state: 'used' }, Math.max(0, open - idle)],
      ]),
    ),
    gauge(
      'dataferry_connections_most',
      'Connections that a service may have.',
      pools.map(({ service, most }) => [{ service }, most]),
    ),
    gauge(
      'dataferry_connections_waiting',
      'Requests that wait for a connection.',
      pools.map(({ service, waiting }) => [{ service }, waiting]),
    ),
    counter(
      'dataferry_programs_total',
      'Compiled statements that were found in the cache (hit), and that had to be made (miss), since the service was made.',
      programs.flatMap(({ service, hits, misses }) => [
        [{ service, outcome: 'hit' }, hits],
        [{ service, outcome: 'miss' }, misses],
      ]),
    ),
    ...(threads === null
      ? []
      : [
          gauge('dataferry_threads', 'Worker threads that run.', [[{}, threads.threads]]),
          gauge('dataferry_thread_work', 'Pieces of work that worker threads do, or that wait for one.', [
            [{ kind: 'computing' }, threads.computing],
            [{ kind: 'streaming' }, threads.streaming],
          ]),
        ]),
  ]
}
