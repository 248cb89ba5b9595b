/**
 * One write over several services: each has its own transaction, and all of them are open until everything is written. A fault leaves
 * nothing behind in any of them. Then the others commit, and last the request's own service; what has committed when a later commit
 * fails is undone by statements that restore it (docs/records.md, "Relations to other services").
 *
 * Transactions are opened in the order of the services' ids, so that two writes never wait for each other's.
 */
import { type ApiError, InternalError } from 'dataferry/sdk'
import type { SchemaPlan } from '../plan/schema.ts'
import type { RecordStore, WriteSession } from '../store.ts'

/** A service as a place of records. */
export interface Place {
  /** null: one that no other service refers to. */
  readonly serviceId: number | null
  readonly name: string
  readonly store: RecordStore
}

/** How one write is undone after its commit. */
export interface Undo {
  /** What could not be undone, for the message: `record 7 of 'contact'`. */
  readonly what: string
  /** null: it can't be. */
  readonly run: ((session: WriteSession) => Promise<void>) | null
}

const never = new AbortController().signal

/** A transaction that stays open until it is told how to end. */
class Held {
  readonly place: Place
  readonly undos: Undo[] = []
  session: WriteSession | null = null
  committed = false
  readonly #decided = Promise.withResolvers<boolean>()
  #ended: Promise<void> = Promise.resolve()

  constructor(place: Place) {
    this.place = place
  }

  async open(signal: AbortSignal): Promise<void> {
    const opened = Promise.withResolvers<WriteSession>()
    const undone = Symbol('undone')
    this.#ended = this.place.store.write(async (session) => {
      opened.resolve(session)
      if (!(await this.#decided.promise)) throw undone
    }, signal)
    this.#ended.catch((error) => opened.reject(error))
    this.session = await opened.promise
  }

  async commit(): Promise<void> {
    this.#decided.resolve(true)
    await this.#ended
    this.committed = true
  }

  /** Never throws. What has ended already stays as it ended. */
  async abandon(): Promise<void> {
    this.#decided.resolve(false)
    await this.#ended.catch(() => {})
  }

  /** Undoes what stays written although the request failed; what can't be undone. */
  async restore(): Promise<readonly string[]> {
    if (this.undos.length === 0 || (!this.committed && this.place.store.can.transactions)) return []
    try {
      return await this.place.store.write((session) => undone(session, this.undos), never)
    } catch {
      return this.undos.map(({ what }) => what)
    }
  }
}

/** The last first. A step that fails does not keep the others from being undone. */
async function undone(session: WriteSession, undos: readonly Undo[]): Promise<readonly string[]> {
  const left: string[] = []
  for (const { what, run } of [...undos].reverse()) {
    try {
      if (run === null) left.push(what)
      else await session.savepoint(() => run(session))
    } catch {
      left.push(what)
    }
  }
  return left
}

/** The sessions of one write: that of the request's own service, and those of the others that it reaches. */
export class Sessions implements WriteSession {
  readonly #own: WriteSession
  readonly #others: ReadonlyMap<number | null, Held>

  /** Use `writeTogether`. */
  constructor(own: WriteSession, others: readonly Held[]) {
    this.#own = own
    this.#others = new Map(others.map((held) => [held.place.serviceId, held]))
  }

  /** More than one service is written. */
  get several(): boolean {
    return this.#others.size > 0
  }

  of({ serviceId }: Place): WriteSession {
    return this.#others.get(serviceId)?.session ?? this.#own
  }

  /** Whether what is written at the place has to tell how it is undone. */
  undoes({ serviceId }: Place): boolean {
    return this.#others.has(serviceId)
  }

  wrote({ serviceId }: Place, undo: Undo): void {
    this.#others.get(serviceId)?.undos.push(undo)
  }

  rows(...asked: Parameters<WriteSession['rows']>): ReturnType<WriteSession['rows']> {
    return this.#own.rows(...asked)
  }

  run(...asked: Parameters<WriteSession['run']>): ReturnType<WriteSession['run']> {
    return this.#own.run(...asked)
  }

  change(...plans: readonly SchemaPlan[]): Promise<void> {
    return this.#own.change(...plans)
  }

  /** In every service. */
  savepoint<T>(work: () => Promise<T>): Promise<T> {
    let inner = work
    for (const held of this.#others.values()) inner = guarded(held, inner)
    return this.#own.savepoint(inner)
  }
}

const guarded =
  <T>(held: Held, work: () => Promise<T>) =>
  async (): Promise<T> => {
    const { session, undos, place } = held
    if (session === null) throw new TypeError('The transaction of the other service is not open.')
    const before = undos.length
    const { transactions } = place.store.can
    try {
      return await (transactions ? session.savepoint(work) : work())
    } catch (error) {
      const since = undos.splice(before)
      const left: readonly string[] = transactions ? [] : await undone(session, since)
      throw left.length === 0 ? error : leftBehind([[place, left]], error)
    }
  }

/**
 * Writes in the own service and in the others at once. Throws what `work` throws, or a commit: then nothing is left anywhere, or the
 * error says what is.
 */
export async function writeTogether<T>(
  own: Omit<Place, 'name'>,
  others: readonly Place[],
  work: (session: Sessions) => Promise<T>,
  signal: AbortSignal,
  atomic = false,
): Promise<T> {
  if (others.length === 0) return own.store.write((session) => work(new Sessions(session, [])), signal, atomic)
  const sorted = others.toSorted((a, b) => order(a) - order(b))
  const held = sorted.map((place) => new Held(place))
  const first = sorted.filter((place) => order(place) < order(own)).length
  try {
    for (const each of held.slice(0, first)) await each.open(signal)
    return await own.store.write(async (session) => {
      for (const each of held.slice(first)) await each.open(signal)
      const result = await work(new Sessions(session, held))
      for (const each of held) await each.commit()
      return result
    }, signal)
  } catch (error) {
    await Promise.all(held.map((each) => each.abandon()))
    const left: [Place, readonly string[]][] = []
    for (const each of held) {
      const kept = await each.restore()
      if (kept.length > 0) left.push([each.place, kept])
    }
    throw left.length === 0 ? error : leftBehind(left, error)
  }
}

const order = ({ serviceId }: Omit<Place, 'name'>): number => serviceId ?? 0

function leftBehind(left: readonly (readonly [Place, readonly string[]])[], cause: unknown): ApiError {
  const told = left.map(([{ name }, what]) => `in service '${name}' ${[...new Set(what)].join(', ')}`).join('; ')
  return new InternalError(`The request failed, but some of what it wrote could not be undone: ${told}.`, { cause })
}
