/**
 * Everything observable of the server is one union type; whoever wants to know subscribes. The logger is the first subscriber: it
 * writes JSON lines. Redaction has one place, here, before anything is written.
 */
import type { Log } from './plugins/contract.ts'

export type Level = 'debug' | 'info' | 'warning' | 'error'

/** One thing that happened. `error` members are for logs only and never reach a client. */
export type Observation =
  | {
      readonly kind: 'log'
      readonly level: Level
      readonly source: string
      readonly message: string
      readonly facts: Facts
    }
  | {
      readonly kind: 'request'
      readonly id: string
      readonly verb: string
      readonly service: string | null
      /** Without the query: it may hold credentials. */
      readonly path: string
      readonly status: number
      /** From the first byte of the head to the last byte of the answer. */
      readonly ms: number
      /** Of the answer's body, as sent. */
      readonly bytes: number
      readonly address: string
      readonly user: number | null
      readonly app: number | null
    }
  /** A request that failed for a reason that its client is not told. */
  | { readonly kind: 'request-error'; readonly id: string; readonly error: unknown }
  /** An answer that broke off after its head was sent. */
  | { readonly kind: 'answer-cut'; readonly id: string; readonly error: unknown }
  /** The client went away before the answer was complete. */
  | { readonly kind: 'client-gone'; readonly id: string }
  | { readonly kind: 'plugin-started'; readonly plugin: string; readonly ms: number }
  | { readonly kind: 'plugin-stop-failed'; readonly plugin: string; readonly error: unknown }
  | { readonly kind: 'service-made'; readonly service: string; readonly type: string; readonly revision: number }
  | { readonly kind: 'service-broken'; readonly service: string; readonly error: unknown; readonly retryMs: number }
  | { readonly kind: 'service-closed'; readonly service: string; readonly revision: number }
  | { readonly kind: 'service-close-failed'; readonly service: string; readonly error: unknown }
  /** A worker thread ended while it had work; what it was for is answered 503. `service`: whose own thread it was; null: the pool's. */
  | {
      readonly kind: 'worker-lost'
      readonly service: string | null
      readonly reason: 'memory' | 'exit' | 'error' | 'stalled'
      /** Requests and pieces of work that it takes along. */
      readonly failed: number
      readonly error: unknown
    }
  /** A request was answered 429: by a limit, or because something (a login) was tried too often. */
  | { readonly kind: 'too-many'; readonly id: string; readonly by: 'limit' | 'throttle' }
  /** A process that answers requests, and its life (docs/nodes.md). `worker` is its number, from 1. */
  | { readonly kind: 'process-ready'; readonly worker: number; readonly pid: number; readonly ms: number }
  | { readonly kind: 'process-retired'; readonly worker: number; readonly pid: number }
  | {
      readonly kind: 'process-lost'
      readonly worker: number
      readonly pid: number
      readonly code: number | null
      readonly signal: string | null
      /** Until another one is started. */
      readonly retryMs: number
    }
  /** All workers are exchanged, one by one; given up where a new one can't start: the others stay. */
  | { readonly kind: 'rolling'; readonly phase: 'began' | 'done' }
  | { readonly kind: 'rolling-failed'; readonly worker: number; readonly reason: string }
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'draining'; readonly signal: string | null }
  | { readonly kind: 'stopped'; readonly ms: number }
  /** A promise that failed with nobody listening, or an exception out of any request: a fault of ours. */
  | { readonly kind: 'unhandled'; readonly error: unknown }

export type Facts = { readonly [key: string]: unknown }
export type Observe = (what: Observation) => void

/** The way in for those who tell, and for those who listen. */
export interface Observatory {
  readonly observe: Observe
  /** Returns the way to stop. A listener that throws is silenced for this observation only. */
  subscribe(listener: Observe): () => void
}

export function createObservatory(): Observatory {
  const listeners = new Set<Observe>()
  return {
    observe(what) {
      for (const listener of listeners) {
        try {
          listener(what)
        } catch {
          // Observing must never break what is observed.
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The Log of one part of the server: its entries are observations. */
export function createLog(observe: Observe, source: string): Log {
  const at =
    (level: Level) =>
    (message: string, facts: Facts = {}): void =>
      observe({ kind: 'log', level, source, message, facts })
  return { debug: at('debug'), info: at('info'), warn: at('warning'), error: at('error') }
}

const levels: { readonly [K in Exclude<Observation['kind'], 'log'>]: Level } = {
  request: 'info',
  'request-error': 'error',
  'answer-cut': 'warning',
  'client-gone': 'debug',
  'plugin-started': 'debug',
  'plugin-stop-failed': 'warning',
  'service-made': 'debug',
  'service-broken': 'error',
  'service-closed': 'debug',
  'service-close-failed': 'warning',
  'worker-lost': 'error',
  'too-many': 'debug',
  'process-ready': 'info',
  'process-retired': 'info',
  'process-lost': 'error',
  rolling: 'info',
  'rolling-failed': 'error',
  listening: 'info',
  draining: 'info',
  stopped: 'info',
  unhandled: 'error',
}
const severity: { readonly [L in Level | 'off']: number } = { debug: 0, info: 1, warning: 2, error: 3, off: 4 }

/**
 * A subscriber that writes one JSON line for each observation at or above `level`: `{"time","level","event",...}`, with the number of the
 * process in front where there are several.
 */
export function createLogger(
  level: Level | 'off',
  write: (line: string) => void,
  now: () => Date = () => new Date(),
  worker: number | null = null,
): Observe {
  const least = severity[level]
  return (what) => {
    const own = what.kind === 'log' ? what.level : levels[what.kind]
    if (severity[own] < least) return
    const time = now().toISOString()
    const text = what.kind === 'request' ? requestLine(time, what) : line(time, own, what)
    write(worker === null ? `${text}\n` : `{"worker":${worker},${text.slice(1)}\n`)
  }
}

function line(time: string, level: Level, what: Observation): string {
  const { kind, ...rest } = what
  const head = { time, level, event: kind }
  const facts = kind === 'log' ? { source: what.source, message: what.message, ...what.facts } : rest
  // Facts can't take the place of the head.
  return JSON.stringify({ ...head, ...(redact(facts) as Facts), ...head })
}

/** Of all lines by far the most frequent: only what a client can choose is looked through. */
function requestLine(time: string, what: Observation & { readonly kind: 'request' }): string {
  const { id, verb, service, path, status, ms, bytes, address, user, app } = what
  const told = { id: redactText(id), verb, service, path: redactText(path) }
  const rest = { status, ms: Math.round(ms * 1000) / 1000, bytes, address, user, app }
  return `{"time":"${time}","level":"${levels.request}","event":"request",${inside(told)},${inside(rest)}}`
}

/** An object's members as JSON, without the braces. */
function inside(members: Facts): string {
  return JSON.stringify(members).slice(1, -1)
}

export const redacted = '***REDACTED***'

/** control-plane 10.3, and the other names under which this server carries a secret. Lower case. */
const secretNames: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-dreamfactory-session-token',
  'x-dreamfactory-api-key',
  'x-dreamfactory-script-token',
  'x-mcp-internal-key',
  'session_token',
  'session_id',
  'script_token',
  'api_key',
  'apikey',
  'token',
  'jwt',
  'password',
  'new_password',
  'old_password',
  'password_confirmation',
  'security_answer',
  'secret',
  'client_secret',
  'access_token',
  'refresh_token',
  'id_token',
  'code',
  'setup_code',
])

const inText: readonly (readonly [RegExp, string])[] = [
  // A JSON web token, wherever it stands.
  [/\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g, redacted],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${redacted}`],
  // `name=value` and `"name":"value"` of the secret names, as in URLs and bodies that found their way into a message.
  [
    /\b(session_token|script_token|api_key|password|secret|client_secret|access_token|refresh_token|id_token)(["']?\s*[=:]\s*["']?)[^\s&"',;}]+/gi,
    `$1$2${redacted}`,
  ],
  // Credentials of a connection string.
  [/(\b[a-z][\w+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi, `$1:${redacted}@`],
]

const deepest = 8

/** A copy for logs: values under secret names and secrets inside of texts are replaced, errors become data. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepest) return '...'
  if (value instanceof Error) return describeError(value, depth)
  if (value instanceof Date) return value
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return value.map((entry) => redact(entry, depth + 1))
  const entries =
    value instanceof Map ? [...value].map(([name, held]) => [String(name), held] as const) : Object.entries(value)
  return Object.fromEntries(
    entries.map(([name, held]) => [name, isSecret(name, held) ? redacted : redact(held, depth + 1)]),
  )
}

// An error's `code` is a number or a word such as ECONNREFUSED, and what a log is read for.
function isSecret(name: string, held: unknown): boolean {
  if (held === null || held === undefined || held === '') return false
  return (
    secretNames.has(name.toLowerCase()) &&
    !(name === 'code' && (typeof held === 'number' || /^[A-Z][A-Z0-9_]+$/.test(String(held))))
  )
}

/** Nothing that `inText` finds is without one of these. */
const suspicious = /eyJ|[=:@]|Bearer|Basic/i

function redactText(text: string): string {
  if (!suspicious.test(text)) return text
  return inText.reduce((kept, [pattern, by]) => kept.replace(pattern, by), text)
}

function describeError(error: Error, depth: number): Facts {
  const { name, message, stack, cause } = error
  const code = 'code' in error ? { code: error.code } : {}
  const frames = stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
  return {
    name,
    message: redactText(message),
    ...code,
    ...(frames ? { stack: frames.slice(0, 12) } : {}),
    ...(cause === undefined ? {} : { cause: redact(cause, depth + 1) }),
  }
}
