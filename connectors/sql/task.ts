/**
 * The job of a worker thread for lists: makes the connector of a service once, from its configuration, and runs programs on it. What was not
 * used for a while is closed; a service that was changed comes under another key.
 */
import { Recent, StructureChanged } from 'dataferry/records'
import type { Bind, ConfigValues, Json, Output, StreamContext } from 'dataferry/sdk'
import type { ElsewhereRunner, ProgramRunner, ReadProgram } from './types.ts'

/** [C] */
export interface ListTask {
  readonly key: string
  readonly service: string
  /** Its default export is an `ElsewhereRunner`. */
  readonly module: string
  readonly argument: Json
  readonly config: ConfigValues
  readonly program: ReadProgram
  readonly binds: readonly Bind[]
  readonly output: Output
}
/** `stale`: the structure is not what the program was made for; nothing was written. */
export interface ListAnswer {
  readonly stale: boolean
}

const idleMs = 120_000
const mostPrograms = 500

interface Kept {
  readonly runner: Promise<ProgramRunner>
  /** Encoders are compiled once a program, so it has to be the same one again. */
  readonly programs: Recent<ReadProgram>
  running: number
  idle: NodeJS.Timeout | null
}
const services = new Map<string, Kept>()

export default async function list(task: ListTask, context: StreamContext): Promise<ListAnswer> {
  const kept = services.get(task.key) ?? begin(task, context)
  const { key, program: given, binds, output } = task
  if (kept.idle !== null) clearTimeout(kept.idle)
  kept.idle = null
  kept.running++
  let written = false
  const sink = {
    write(chunk: Uint8Array): void | Promise<void> {
      written = true
      return context.sink.write(chunk)
    },
  }
  try {
    const runner = await kept.runner
    const program = kept.programs.get(given.id, () => given)
    await runner.run(program, binds, output, sink, context.signal)
    return { stale: false }
  } catch (thrown) {
    if (written || !(thrown instanceof StructureChanged)) throw thrown
    return { stale: true }
  } finally {
    kept.running--
    if (kept.running === 0) kept.idle = setTimeout(() => end(key), idleMs).unref()
  }
}

function begin({ key, module, argument, config }: ListTask, { settings }: StreamContext): Kept {
  const runner = import(module).then(({ default: make }: { readonly default: ElsewhereRunner }) =>
    make(argument, config, { settings }),
  )
  const kept: Kept = { runner, programs: new Recent(mostPrograms), running: 0, idle: null }
  services.set(key, kept)
  runner.catch(() => services.delete(key))
  return kept
}

function end(key: string): void {
  const kept = services.get(key)
  services.delete(key)
  kept?.runner.then((runner) => runner.close()).catch(() => {})
}
