/**
 * The bus over Redis or Valkey: messages by publish and subscribe, counters that end by themselves. One connection asks and one listens;
 * both connect again whenever they are lost. A server that does not answer costs a request at most `patienceMs`, and then nothing for a
 * while: everything answers null, and nodes go on by themselves.
 */
import { randomUUID } from 'node:crypto'
import { createClient, ErrorReply, type RedisClientType } from '@redis/client'
import type { Admission, Bus, Counted } from '../plugins/bus.ts'
import type { Log } from '../plugins/contract.ts'
import { attemptScript, failedScript, hitScript, succeededScript } from './scripts.ts'

const prefix = 'dataferry:'
const patienceMs = 300
/** After an answer that did not come in time, nobody waits again for so long. */
const sulkMs = 1_000
const refusedMs = 15_000
const connectTimeoutMs = 2_000
const pingEveryMs = 1_000
/** A connection on which nothing arrived for so long is dead: pings go out more often. */
const silentMs = 4_000
const retryMostMs = 1_000

type Client = RedisClientType
type Reply = null | number | string | readonly Reply[]

export class RedisBus implements Bus {
  readonly #asking: Client
  readonly #listening: Client
  readonly #log: Log
  readonly #listeners = new Map<string, Set<(message: string) => void>>()
  readonly #subscribed = new Set<string>()
  #sulkingUntil = 0
  /** What was told last of the connection; null: nothing yet. */
  #told: 'up' | 'down' | null = null
  #closed = false

  constructor(url: string, log: Log) {
    this.#log = log
    const client = (): Client =>
      createClient({
        url,
        RESP: 2,
        name: 'dataferry',
        disableOfflineQueue: true,
        disableClientInfo: true,
        pingInterval: pingEveryMs,
        socket: {
          connectTimeout: connectTimeoutMs,
          socketTimeout: silentMs,
          reconnectStrategy: (retries: number) => Math.min(retryMostMs, 50 * 2 ** Math.min(retries, 10)),
        },
      }) as unknown as Client
    this.#asking = client()
    this.#listening = client()
  }

  /** Returns at once. */
  open(): void {
    for (const client of [this.#asking, this.#listening]) {
      client.on('error', (error: Error) => this.#lost(error))
      client.on('ready', () => {
        // One that was closed while it was connecting comes to life all the same.
        if (this.#closed) client.destroy()
        else this.#ready()
      })
      client.connect().catch((error: unknown) => this.#lost(error))
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const client of [this.#asking, this.#listening]) if (client.isOpen) client.destroy()
  }

  state(): 'up' | 'down' {
    return this.#asking.isReady && this.#listening.isReady && performance.now() >= this.#sulkingUntil ? 'up' : 'down'
  }

  tell(topic: string, message: string): void {
    void this.#ask(['PUBLISH', prefix + topic, message])
  }

  hear(topic: string, listener: (message: string) => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    if (this.#listening.isReady) this.#subscribe(topic)
    return () => listeners.delete(listener)
  }

  async hit(counter: string, member: string, windowMs: number): Promise<Counted | null> {
    const keys = [memberKey(counter, member), membersKey(counter)]
    const reply = await this.#run(hitScript, keys, [String(windowMs), member])
    if (!Array.isArray(reply)) return null
    return { count: Number(reply[0]), endsInMs: Math.max(0, Number(reply[1])) }
  }

  async counted(counter: string): Promise<ReadonlyMap<string, Counted> | null> {
    const members = await this.#ask(['SMEMBERS', membersKey(counter)])
    if (!Array.isArray(members)) return null
    const found = new Map<string, Counted>()
    for (const member of members.map(String)) {
      const key = memberKey(counter, member)
      const [count, left] = await Promise.all([this.#ask(['GET', key]), this.#ask(['PTTL', key])])
      if (count !== null && Number(left) > 0) found.set(member, { count: Number(count), endsInMs: Number(left) })
    }
    return found
  }

  async forget(counters: readonly string[]): Promise<void> {
    for (const counter of counters) {
      const members = await this.#ask(['SMEMBERS', membersKey(counter)])
      const keys = Array.isArray(members) ? members.map((member) => memberKey(counter, String(member))) : []
      await this.#ask(['DEL', membersKey(counter), ...keys])
    }
  }

  async attempt(name: string, most: number, windowMs: number): Promise<Admission | null> {
    const key = `${prefix}tries:${name}`
    const id = randomUUID()
    const reply = await this.#run(attemptScript, [key], [String(windowMs), String(most), id])
    if (!Array.isArray(reply)) return null
    if (reply[0] === 0) return { kind: 'refused', waitMs: Number(reply[1]) }
    if (reply[0] === 1) return { kind: 'busy' }
    return {
      kind: 'admitted',
      attempt: {
        succeeded: () => void this.#run(succeededScript, [key], [id]),
        failed: () => void this.#run(failedScript, [key], [String(windowMs), id]),
        abandoned: () => void this.#ask(['ZREM', key, `p${id}`]),
      },
    }
  }

  #run(script: string, keys: readonly string[], args: readonly string[]): Promise<Reply> {
    return this.#ask(['EVAL', script, String(keys.length), ...keys, ...args])
  }

  /** null where there is no answer in time. Never rejects. */
  async #ask(command: string[]): Promise<Reply> {
    if (!this.#asking.isReady || performance.now() < this.#sulkingUntil) return null
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => {
        this.#sulkingUntil = performance.now() + sulkMs
        this.#lost(new Error(`no answer within ${patienceMs} ms`))
        resolve(null)
      }, patienceMs)
    })
    const answer = this.#asking.sendCommand(command).catch((error: unknown) => {
      // What the server refuses (a missing right, a replica that can't be written) it refuses the next time too.
      if (error instanceof ErrorReply) this.#sulkingUntil = performance.now() + refusedMs
      this.#lost(error)
      return null
    })
    try {
      const reply = (await Promise.race([answer, late])) as Reply
      if (this.#told === 'down') this.#ready()
      return reply
    } finally {
      clearTimeout(timer)
    }
  }

  /** Once: after a loss the client subscribes again by itself. */
  #subscribe(topic: string): void {
    if (this.#subscribed.has(topic)) return
    this.#subscribed.add(topic)
    const deliver = (message: string): void => {
      for (const listener of this.#listeners.get(topic) ?? []) listener(message)
    }
    this.#listening.subscribe(prefix + topic, deliver).catch((error: unknown) => {
      this.#subscribed.delete(topic)
      this.#lost(error)
    })
  }

  #ready(): void {
    if (this.#listening.isReady) for (const topic of this.#listeners.keys()) this.#subscribe(topic)
    if (this.state() === 'down') return
    if (this.#told === 'down') this.#log.info('Redis answers again: nodes share notices and counters through it.')
    this.#told = 'up'
  }

  /** Told once, until it answers again. */
  #lost(error: unknown): void {
    if (this.#closed || this.#told === 'down') return
    this.#told = 'down'
    this.#log.warn(
      'Redis (DF_CACHE) does not answer: until it does, this node counts limits and failed logins by itself and hears of changes from the system store alone.',
      { reason: reasonOf(error) },
    )
  }
}

const memberKey = (counter: string, member: string): string => `${prefix}count:{${counter}}:${member}`
const membersKey = (counter: string): string => `${prefix}members:{${counter}}`

/** Of several addresses that were tried, the first one's. */
function reasonOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : []
  return first instanceof Error ? first.message : error instanceof Error ? error.message : String(error)
}
