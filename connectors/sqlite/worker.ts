/**
 * The entry of a database thread: one connection, one job at a time. Everything it does is synchronous; it stops where `alive()` or the
 * next chunk finds the job stopped, and blocks where the client is slower than the database.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { BadRequest, errorData } from 'dataferry/sdk'
import type { ReadProgram, WriteProgram } from 'dataferry/sql'
import { Connection } from './connection.ts'
import { isBusy, isStale, Stopped, sqliteError } from './errors.ts'
import {
  type Answer,
  Control,
  type Fault,
  type Job,
  Known,
  type ProgramRef,
  type Task,
  type ThreadData,
  type WireOutcome,
} from './protocol.ts'
import { beyondIntegers, runRead, valuesOf, wireValue } from './read.ts'

const { role, file, statements, patienceMs, control: block }: ThreadData = workerData
const control = new Control(block)
const known = new Known<ReadProgram | WriteProgram>()
let connection: Connection | null = null
let current = 0

const alive = (): void => {
  if (control.stopped(current)) throw new Stopped()
}

function post(answer: Answer, moved: readonly Uint8Array[] = []): void {
  parentPort?.postMessage(
    answer,
    moved.map((bytes) => bytes.buffer as ArrayBuffer),
  )
}

parentPort?.on('message', (job: Job | 'close') => {
  if (job === 'close') {
    connection?.close()
    parentPort?.close()
    return
  }
  current = job.job
  perform(job).catch((thrown: unknown) => {
    post({ job: job.job, kind: 'fault', fault: faultOf(thrown), lost: isLost(job) })
  })
})

/** Nothing of its transaction is meant to come after it. */
const isLast = (task: Task): boolean =>
  task.kind === 'commit' || task.kind === 'rollback' || (task.kind === 'write' && task.ends)

/** The transaction that the job belongs to is gone, or never began: what comes after it can't be part of it. */
const isLost = ({ task }: Job): boolean => role === 'writer' && !isLast(task) && connection?.inTransaction !== true

async function perform(given: Job): Promise<void> {
  const { job, begin, task } = given
  // Before anything can fail: the other side counts on it that this one knows the program now.
  const program = 'program' in task ? recall(task.program) : null
  connection ??= new Connection({ role, file, statements, patienceMs, alive })
  if (begin) patiently(connection, 'BEGIN IMMEDIATE')
  switch (task.kind) {
    case 'read':
      return read(connection, job, program as ReadProgram, task)
    case 'query':
      return post({ job, kind: 'rows', rows: connection.query(task.text, task.binds.map(wireValue)) })
    case 'write': {
      const outcomes = (task.ends ? writeAlone : write)(connection, program as WriteProgram, task)
      return post({ job, kind: 'outcomes', outcomes, lost: isLost(given) })
    }
    case 'execute':
      connection.execute(task.text)
      break
    case 'commit':
      commit(connection)
      break
    case 'rollback':
      if (connection.inTransaction) connection.execute('ROLLBACK')
      break
  }
  post({ job, kind: 'done', last: null })
}

/** The last chunk goes with the answer, so a short list costs one message. */
async function read(on: Connection, job: number, program: ReadProgram, task: Task & { kind: 'read' }): Promise<void> {
  let last: Uint8Array | null = null
  const write = (chunk: Uint8Array): void => {
    if (last !== null) send(job, last)
    last = chunk
  }
  await runRead(on, program, task.binds, task.output, { write })
  const moved: Uint8Array | null = last === null ? null : whole(last)
  post({ job, kind: 'done', last: moved }, moved === null ? [] : [moved])
}

function send(job: number, chunk: Uint8Array): void {
  if (!control.spend(job)) throw new Stopped()
  const bytes = whole(chunk)
  post({ job, kind: 'chunk', bytes }, [bytes])
}

/** What is transferred must own its memory. */
const whole = (chunk: Uint8Array): Uint8Array =>
  chunk.byteLength === chunk.buffer.byteLength ? chunk : new Uint8Array(chunk)

function write(on: Connection, { statement }: WriteProgram, task: Task & { kind: 'write' }): WireOutcome[] {
  // Whatever fails in a statement of several rows leaves none of them changed: SQLite itself sees to that for constraints only.
  const guarded = !statement.point
  const outcomes: WireOutcome[] = []
  for (const binds of task.executions) {
    alive()
    try {
      if (guarded) on.execute('SAVEPOINT execution')
      if (binds.some(beyondIntegers)) throw new BadRequest('A number is too large for the database.')
      const values = valuesOf(statement, binds, null)
      if (statement.columns.length === 0) {
        outcomes.push({ ok: true, affected: on.change(statement, values), rows: [] })
      } else {
        const rows = on.all(statement, values)
        outcomes.push({ ok: true, affected: rows.length, rows })
      }
      if (guarded) on.execute('RELEASE execution')
    } catch (thrown) {
      if (thrown instanceof Stopped || !on.inTransaction) throw thrown
      if (guarded) on.execute('ROLLBACK TO execution; RELEASE execution')
      outcomes.push({ ok: false, fault: faultOf(thrown) })
      if (task.mode === 'halt') break
    }
  }
  return outcomes
}

/** The whole transaction in one message. */
function writeAlone(on: Connection, program: WriteProgram, task: Task & { kind: 'write' }): WireOutcome[] {
  try {
    const outcomes = write(on, program, task)
    if (outcomes.every((each) => each.ok)) commit(on)
    return outcomes
  } finally {
    if (on.inTransaction) on.execute('ROLLBACK')
  }
}

function commit(on: Connection): void {
  try {
    patiently(on, 'COMMIT')
  } catch (thrown) {
    if (on.inTransaction) on.execute('ROLLBACK')
    throw thrown
  }
}

/** Waits for another process's lock, in short steps so that a stop is heard. */
function patiently(on: Connection, text: string): void {
  const deadline = performance.now() + patienceMs
  for (;;) {
    try {
      return on.execute(text)
    } catch (thrown) {
      alive()
      if (!isBusy(thrown) || performance.now() > deadline) throw thrown
      control.pause(5)
    }
  }
}

function recall(ref: ProgramRef<ReadProgram | WriteProgram>): ReadProgram | WriteProgram {
  if (ref.program !== null) {
    known.set(ref.id, ref.program)
    return ref.program
  }
  const program = known.get(ref.id)
  if (program === undefined) throw new Error(`The thread does not know program ${ref.id}.`)
  return program
}

function faultOf(thrown: unknown): Fault {
  const error = sqliteError(thrown)
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const shown = 'status' in error ? { ...errorData(error), headers: error.headers } : null
  return { shown, message, stale: isStale(thrown) }
}
