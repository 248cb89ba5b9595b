/**
 * Loaded into a server beside it (`node --import`): writes the longest stop of its event loop since the last writing into a file, a line
 * each time that it is told by SIGUSR2.
 */
import { appendFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const file = process.env.BENCH_STOPS
if (isMainThread && file !== undefined) {
  const resolution = 1
  const delays = monitorEventLoopDelay({ resolution })
  delays.enable()
  process.on('SIGUSR2', () => {
    appendFileSync(file, `${Math.max(0, delays.max / 1e6 - resolution)}\n`)
    delays.reset()
  })
}
