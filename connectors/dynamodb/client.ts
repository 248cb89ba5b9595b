/**
 * The driver: loaded and made at the first use, and asked again where that can do no harm. The driver's own repetitions are off, since they
 * would do a write twice whose answer got lost.
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import { ServiceUnavailable } from 'dataferry/sdk'
import type { DynamoSettings } from './config.ts'
import { dynamoError, isThrottled, isTransient } from './errors.ts'

/** Where the house sets no time. */
const longestMs = 30_000
const connectMs = 5_000
const mostSockets = 50
const mostAttempts = 6

export interface Asking {
  /** It may be done twice. */
  readonly again?: boolean
  readonly signal?: AbortSignal | undefined
}

type Work<T> = (db: DynamoDB, options: { readonly abortSignal: AbortSignal }) => Promise<T>

export class DynamoClient {
  readonly #settings: () => DynamoSettings
  readonly #timeoutMs: number
  /** Whether the server has transactions, as far as it is known. */
  transacts = true
  #db: Promise<DynamoDB> | null = null
  #closed = false

  /** No I/O. `timeoutMs`: the longest that one question may take; 0: the usual. */
  constructor(settings: () => DynamoSettings, timeoutMs: number) {
    this.#settings = settings
    this.#timeoutMs = timeoutMs > 0 ? timeoutMs : longestMs
  }

  /** When a question that is asked now must have its answer, in ms since 1970. */
  deadline(): number {
    return Date.now() + this.#timeoutMs
  }

  /** Throws the driver's errors as they are where `raw` takes them, else in the words of clients. */
  async ask<T>(work: Work<T>, { again = false, signal }: Asking = {}, raw?: (thrown: unknown) => boolean): Promise<T> {
    const time = AbortSignal.timeout(this.#timeoutMs)
    const abortSignal = signal ? AbortSignal.any([signal, time]) : time
    for (let attempt = 1; ; attempt++) {
      const db = await this.#connected()
      try {
        return await work(db, { abortSignal })
      } catch (thrown) {
        signal?.throwIfAborted()
        const once = !isThrottled(thrown) && !(again && isTransient(thrown))
        if (once || time.aborted || attempt === mostAttempts) {
          if (raw?.(thrown) === true) throw thrown
          throw dynamoError(thrown, time.aborted)
        }
      }
      await waitFor(attempt, abortSignal)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const db = await this.#db?.catch(() => null)
    db?.destroy()
  }

  #connected(): Promise<DynamoDB> {
    if (this.#closed) throw new ServiceUnavailable('The service is being closed.')
    this.#db ??= this.#made().catch((error: unknown) => {
      this.#db = null
      throw error
    })
    return this.#db
  }

  async #made(): Promise<DynamoDB> {
    const { region, credentials, endpoint, proxy } = this.#settings()
    const driver = await import('@aws-sdk/client-dynamodb')
    const options = {
      keepAlive: true,
      maxSockets: mostSockets,
      ...(proxy === null ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
    }
    return new driver.DynamoDB({
      region,
      maxAttempts: 1,
      requestHandler: {
        connectionTimeout: connectMs,
        httpAgent: new HttpAgent(options),
        httpsAgent: new HttpsAgent(options),
      },
      ...(credentials === null ? {} : { credentials }),
      ...(endpoint === null ? {} : { endpoint }),
    })
  }
}

/** Longer each time, and not at the same time as others. */
export async function waitFor(attempt: number, signal?: AbortSignal): Promise<void> {
  const most = Math.min(25 * 2 ** attempt, 1_000)
  await pause(most / 2 + Math.random() * (most / 2), undefined, signal ? { signal } : {}).catch(() => {})
}
