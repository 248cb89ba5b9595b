/**
 * Runs the writes of one request (data-plane 3.9): one transaction, in which each record either is written whole or leaves nothing
 * behind. Where nothing but statements is to be run, equal statements go to the store together.
 */
import type { Bind, Json } from 'dataferry/sdk'
import { NotImplemented } from 'dataferry/sdk'
import type { BatchMode } from '../batch.ts'
import type { Change, RecordModel } from '../model.ts'
import type { Planned, WritePlan } from '../plan/types.ts'
import { StructureChanged } from '../stale.ts'
import type { RecordStore, Row, WriteOutcome, WriteSession } from '../store.ts'
import { despiteConflicts, WriteConflict } from './conflict.ts'
import { type Place, type Sessions, writeTogether } from './together.ts'

/** What became of one record. */
export interface Written {
  /** Its identifier by field name, as answers show it. */
  readonly shown: Row
  /** Its identifier's values, to read it again by. */
  readonly key: readonly (Json | Bind)[]
  /** What the answer shows of it, where the write itself told. */
  readonly row: Row | null
  readonly change: Change
}

/** One record's write. */
export interface Operation {
  readonly change: Change
  /** The statement, where it is all there is to do. */
  readonly statement: Planned<WritePlan> | null
  /** Other services that it writes in; left out: none. */
  readonly elsewhere?: readonly Place[]
  /** The whole work inside the transaction. A throw undoes it. */
  execute(session: Sessions): Promise<Written>
  /** What the statement's outcome means. Throws NotFound where it met no row. */
  finish(outcome: WriteOutcome & { readonly ok: true }): Written
}

/** A record that was written, or the reason why not. */
export type Result = { readonly ok: true; readonly written: Written } | { readonly ok: false; readonly error: unknown }

/** A record ready to be written, or the reason why it can't be. */
export type Prepared = Operation | { readonly error: unknown }

/** How long records are prepared in one go: other requests have their turn in between, and a client that leaves is noticed. */
const sliceMs = 10
/** The clock is looked at once for so many records. */
const lookEvery = 64

/**
 * Prepares the records of a request in their order: all of them, or up to the first that can't be written unless the mode is `continue`.
 * Throws the signal's reason.
 */
export async function prepareAll(
  count: number,
  mode: BatchMode,
  prepareAt: (index: number) => Prepared | Promise<Prepared>,
  signal: AbortSignal,
): Promise<readonly Prepared[]> {
  const prepared: Prepared[] = []
  let since = performance.now()
  for (let index = 0; index < count; index += 1) {
    const each = prepareAt(index)
    const one = each instanceof Promise ? await each : each
    prepared.push(one)
    if ('error' in one && mode !== 'continue') break
    if (index % lookEvery !== lookEvery - 1 || performance.now() - since < sliceMs) continue
    await new Promise((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
    since = performance.now()
  }
  return prepared
}

/** Thrown through the store to undo everything; what it carries is the answer all the same. */
class Undone extends Error {
  readonly results: readonly Result[]
  constructor(results: readonly Result[]) {
    super('The batch was rolled back.')
    this.results = results
  }
}

export interface Batch {
  readonly store: RecordStore
  /** The service's id; null: it has none. */
  readonly serviceId: number | null
  readonly mode: BatchMode
  readonly prepared: readonly Prepared[]
  readonly model: RecordModel | null
  /** `after` reads rows of this write; left out: it has nothing to do where the statements answer what is shown. */
  readonly reads?: boolean
  /** In the transaction, after all that could be written was written: reads what answers show. */
  readonly after?: (session: WriteSession, written: readonly Written[]) => Promise<void>
}

/**
 * Runs a batch. The results are in the order of the request and end with the first failure, unless the mode is `continue`. Throws
 * what the store throws for the transaction as a whole.
 */
export async function runBatch(batch: Batch, signal: AbortSignal): Promise<readonly Result[]> {
  const { store, serviceId, mode, prepared, model } = batch
  if (mode === 'rollback' && prepared.length > 1 && !store.can.transactions) {
    throw new NotImplemented('Rollback is not supported by this service.')
  }
  if (prepared.every((each) => 'error' in each)) return upToFailure(prepared.map(failed), mode)
  try {
    const write = async (session: Sessions): Promise<readonly Result[]> => {
      const done = await runAll(session, batch)
      throwFaults(done)
      if (mode === 'rollback' && done.some((each) => !each.ok)) throw new Undone(done)
      if (batch.after)
        await batch.after(
          session,
          done.flatMap((each) => (each.ok ? [each.written] : [])),
        )
      return done
    }
    const results = await despiteConflicts(
      () =>
        runAlone(batch, signal) ??
        writeTogether({ serviceId, store }, elsewhereOf(prepared), write, signal, mode === 'rollback'),
      signal,
    )
    await model?.committed?.(results.flatMap((each) => (each.ok ? [each.written.change] : [])))
    return results
  } catch (error) {
    if (error instanceof Undone) return error.results
    throw error
  }
}

/** What is no fault of a record: the work can be done again. */
function throwFaults(done: readonly Result[]): void {
  const conflict = done.find((each) => !each.ok && each.error instanceof WriteConflict)
  if (conflict && !conflict.ok) throw conflict.error
  const outdated = done.find((each) => !each.ok && each.error instanceof StructureChanged)
  if (outdated && !outdated.ok && done.every((each) => !each.ok)) throw outdated.error
}

/** One statement that nothing is to be read behind is its own transaction; null: it takes more than that. */
function runAlone({ store, prepared, model, reads }: Batch, signal: AbortSignal): Promise<readonly Result[]> | null {
  const [operation, ...more] = prepared
  if (!store.writeOne || !operation || more.length > 0 || 'error' in operation || operation.statement === null)
    return null
  if (reads === true || model?.check || model?.audit) return null
  const { statement } = operation
  return store.writeOne(statement, signal).then((outcome) => {
    const done = [resultOf(operation, told(statement, outcome))]
    throwFaults(done)
    return done
  })
}

/** Every other service that some record is written in, once. */
function elsewhereOf(prepared: readonly Prepared[]): readonly Place[] {
  const found = new Map<number | null, Place>()
  for (const each of prepared) {
    if ('error' in each) continue
    for (const place of each.elsewhere ?? []) found.set(place.serviceId, place)
  }
  return [...found.values()]
}

const failed = (each: Prepared): Result => ({ ok: false, error: 'error' in each ? each.error : null })

function upToFailure(results: readonly Result[], mode: BatchMode): readonly Result[] {
  const first = results.findIndex((each) => !each.ok)
  return mode === 'continue' || first === -1 ? results : results.slice(0, first + 1)
}

async function runAll(session: Sessions, batch: Batch): Promise<readonly Result[]> {
  const { prepared, mode, model } = batch
  const stop = mode === 'continue' ? prepared.length : prepared.findIndex((each) => 'error' in each)
  const reached = stop === -1 ? prepared : prepared.slice(0, stop)
  const operations = reached.filter((each): each is Operation => !('error' in each))
  const flat = !model?.check && !model?.audit && operations.every((each) => each.statement !== null)
  const results = flat
    ? await runStatements(session, operations, mode, batch.store.can.transactions)
    : await runEach(session, operations, mode, model, batch.store.can.transactions)
  return inPlace(prepared, results, mode)
}

/** Puts the results of the operations among the records that could not even be tried. */
function inPlace(prepared: readonly Prepared[], results: readonly Result[], mode: BatchMode): readonly Result[] {
  const all: Result[] = []
  let next = 0
  for (const each of prepared) {
    const result = 'error' in each ? failed(each) : results[next++]
    if (!result) break
    all.push(result)
    if (!result.ok && mode !== 'continue') break
  }
  return all
}

/** Record by record, each in a savepoint of its own where more than one may be kept. */
async function runEach(
  session: Sessions,
  operations: readonly Operation[],
  mode: BatchMode,
  model: RecordModel | null,
  transactions: boolean,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const operation of operations) {
    const work = async (): Promise<Written> => {
      await model?.check?.(session, operation.change)
      const written = await operation.execute(session)
      await model?.audit?.(session, written.change)
      return written
    }
    try {
      const alone = mode === 'rollback' || (!transactions && !session.several)
      results.push({ ok: true, written: await (alone ? work() : session.savepoint(work)) })
    } catch (error) {
      results.push({ ok: false, error })
      if (mode !== 'continue') break
    }
  }
  return results
}

/** Runs statements, those of one shape together. */
async function runStatements(
  session: WriteSession,
  operations: readonly Operation[],
  mode: BatchMode,
  transactions: boolean,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const group of groups(operations)) {
    const done = await runGroup(session, group, mode, transactions)
    // One by one: a list of some hundred thousand does not fit into the arguments of a call.
    for (const each of done) results.push(each)
    if (mode !== 'continue' && done.some((each) => !each.ok)) break
  }
  return results
}

interface Group {
  readonly statement: Planned<WritePlan>
  readonly operations: readonly Operation[]
}

function groups(operations: readonly Operation[]): readonly Group[] {
  const found: { statement: Planned<WritePlan>; operations: Operation[] }[] = []
  for (const operation of operations) {
    const last = found.at(-1)
    const { statement } = operation
    if (statement === null) continue
    if (last && last.statement.shape === statement.shape) last.operations.push(operation)
    else found.push({ statement, operations: [operation] })
  }
  return found
}

async function runGroup(
  session: WriteSession,
  { statement, operations }: Group,
  mode: BatchMode,
  transactions: boolean,
): Promise<readonly Result[]> {
  const run = async (some: readonly Operation[]): Promise<readonly Result[]> => {
    const executions = some.map((each) => each.statement?.binds ?? [])
    const outcomes = await session.run(statement, executions, mode === 'continue' ? 'continue' : 'halt')
    return outcomes.map((outcome, index) => resultOf(some[index], told(statement, outcome)))
  }
  // Only where a record can be missing more was written than counts.
  if (mode !== 'halt' || operations.length === 1 || statement.plan.kind === 'insert') return run(operations)
  if (!transactions) return oneByOne(run, operations)
  return haltAtMissing(session, run, operations)
}

/**
 * A record that is not there is no failure to the store, which goes on with those behind it. They must not have been written, so
 * the group is undone and runs again up to there: that costs twice in the rare case and nothing in the other.
 */
async function haltAtMissing(
  session: WriteSession,
  run: (some: readonly Operation[]) => Promise<readonly Result[]>,
  operations: readonly Operation[],
): Promise<readonly Result[]> {
  let tried: readonly Result[] = []
  const again = Symbol('again')
  try {
    return await session.savepoint(async () => {
      tried = await run(operations)
      const first = tried.findIndex((each) => !each.ok)
      if (first !== -1 && first < tried.length - 1) throw again
      return tried
    })
  } catch (thrown) {
    if (thrown !== again) throw thrown
    const first = tried.findIndex((each) => !each.ok)
    return run(operations.slice(0, first + 1))
  }
}

async function oneByOne(
  run: (some: readonly Operation[]) => Promise<readonly Result[]>,
  operations: readonly Operation[],
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const operation of operations) {
    results.push(...(await run([operation])))
    if (results.at(-1)?.ok === false) break
  }
  return results
}

function resultOf(operation: Operation | undefined, outcome: WriteOutcome): Result {
  if (!operation) throw new TypeError('The store answered more outcomes than there were executions.')
  if (!outcome.ok) return { ok: false, error: outcome.error }
  try {
    return { ok: true, written: operation.finish(outcome) }
  } catch (error) {
    return { ok: false, error }
  }
}

/** Runs one statement for one record. Throws its failure. */
export async function runOne(
  session: WriteSession,
  statement: Planned<WritePlan>,
): Promise<WriteOutcome & { readonly ok: true }> {
  const [outcome] = await session.run(statement, [statement.binds], 'halt')
  if (!outcome) throw new TypeError('The store answered no outcome.')
  const known = told(statement, outcome)
  if (!known.ok) throw known.error
  return known
}

/** Rows of a statement that asked for none say nothing. */
const told = ({ plan }: Planned<WritePlan>, outcome: WriteOutcome): WriteOutcome =>
  outcome.ok && plan.returning.length === 0 ? { ...outcome, rows: [] } : outcome
