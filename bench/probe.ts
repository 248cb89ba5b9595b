/**
 * Loaded into a server before its own modules (`probed` of bench/process.ts), answers the process that started it: `heap`, what its event
 * loop's heap holds after a collection; `stops`, the longest stop of its event loop since it was asked last.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/** Bytes. */
export interface Heap {
  readonly used: number
  readonly resident: number
}
/** Milliseconds. `own`: of its own work, between two turns of a timer; the rest is the operating system's, that let others have the processor. */
export interface Stops {
  readonly longest: number
  readonly own: number
}

const resolutionMs = 1

function heap(): Heap {
  // What finalizers let go is collected by the next one.
  for (let turn = 0; turn < 3; turn++) globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return { used: heapUsed, resident: rss }
}

if (isMainThread && process.send !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  let own = 0
  let before = process.threadCpuUsage()
  const look = (): void => {
    const { user, system } = process.threadCpuUsage(before)
    own = Math.max(own, (user + system) / 1_000)
    before = process.threadCpuUsage()
  }
  const stops = (): Stops => {
    look()
    // The timer itself is part of what is measured.
    const answer = { longest: Math.max(0, delay.max / 1e6 - resolutionMs), own }
    delay.reset()
    own = 0
    before = process.threadCpuUsage()
    return answer
  }
  let watching = false
  process.on('message', (what) => {
    if (what === 'heap') process.send?.(heap())
    if (what !== 'stops') return
    if (!watching) {
      watching = true
      delay.enable()
      setInterval(look, resolutionMs).unref()
    }
    process.send?.(stops())
  })
  process.channel?.unref()
}
