/**
 * Gives back the memory that work has left, when the process has come to rest. V8 itself collects only while something is allocated, so a
 * process that has started, or was under load, would keep what it took then for as long as nobody asks anything.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const lookEveryMs = 3_000
/** The part of a processor that the event loop's thread takes, below which the process is at rest. */
const restBelow = 0.02
/** Looks in a row that must find it so. */
const looks = 2
/** Bytes of the heap that are not in use; with less nothing is done. */
const worthIt = 16 * 1024 * 1024

type Collect = (how: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void

/** Begins to look, for as long as the process lives. What is collected while nobody asks takes some tens of milliseconds. */
export function collectAtRest(): void {
  let before = process.threadCpuUsage()
  let worked = true
  let quiet = 0
  const timer = setInterval(() => {
    // Processor time, not time: on a busy machine little work takes long.
    const { user, system } = process.threadCpuUsage(before)
    before = process.threadCpuUsage()
    if (user + system >= restBelow * lookEveryMs * 1_000) {
      worked = true
      quiet = 0
      return
    }
    quiet++
    if (!worked || quiet < looks) return
    worked = false
    const { heapTotal, heapUsed } = process.memoryUsage()
    if (heapTotal - heapUsed < worthIt) return
    collector()({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    // What it took itself is no work.
    before = process.threadCpuUsage()
  }, lookEveryMs)
  timer.unref()
}

let known: Collect | null = null

/** V8's own, which Node shows to who asks for it by this flag. */
function collector(): Collect {
  if (known === null) {
    setFlagsFromString('--expose-gc')
    known = runInNewContext('gc') as Collect
    setFlagsFromString('--no-expose-gc')
  }
  return known
}
