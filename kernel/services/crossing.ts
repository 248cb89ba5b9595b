/**
 * Requests and replies on their way between the event loop and the thread of a service. JSON values go as text: that keeps numbers beyond
 * doubles and objects without prototypes what they are. A reply's body is asked for when it is wanted, and encoded in the thread.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Config } from '../../config/index.ts'
import type { SeatData } from '../cluster/seat.ts'
import { encodeJson, parseJson } from '../formats/index.ts'
import type {
  ApiReply,
  ApiRequest,
  Body,
  Budget,
  Caller,
  Json,
  OpenApiAsked,
  Output,
  RowSource,
} from '../plugins/contract.ts'
import type { Down } from '../workers/channel.ts'
import type { Fault } from '../workers/fault.ts'

/** What the thread of a service is started with. */
export interface IsolatedData {
  readonly settings: Config
  readonly service: { readonly id: number; readonly name: string; readonly label: string; readonly type: string }
  readonly plugin: string
  /** Of the plugin's module. */
  readonly module: string
  /** JSON. */
  readonly config: string
  /** Of the process that the thread is in. */
  readonly seat: SeatData
}

/** Services by id, so that the thread can tell names. */
export type Names = ReadonlyMap<number, string>

/** To the thread. */
export type ToThread =
  | { readonly kind: 'request'; readonly request: RequestData; readonly port: MessagePort }
  | { readonly kind: 'call'; readonly call: Call; readonly port: MessagePort }
  | { readonly kind: 'names'; readonly names: Names }
  | { readonly kind: 'ping' }
  | { readonly kind: 'close' }
/** From it. */
export type FromThread =
  | { readonly kind: 'pong' }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly message: string
      readonly facts: { readonly [key: string]: unknown }
    }
  /** A method of another plugin's ability; its answer comes over the port. */
  | {
      readonly kind: 'ask'
      readonly ability: string
      readonly method: string
      readonly args: readonly unknown[]
      readonly port: MessagePort
    }
  /** The service can't be made. */
  | { readonly kind: 'failed'; readonly fault: Fault }

/** What else is asked of the service. */
export type Call =
  | { readonly kind: 'resources'; readonly request: RequestData }
  | { readonly kind: 'describe'; readonly caller: Caller; readonly asked: OpenApiAsked | undefined }
  | { readonly kind: 'probe' }
  | { readonly kind: 'forget' }

/**
 * Abilities of which a service in a thread of its own may ask: all of their methods take and answer plain data, with a promise.
 */
export const crossing: ReadonlySet<string> = new Set(['SchemaExtras', 'StoredDocuments', 'EmailTemplates'])

// ---- requests

export interface RequestData {
  readonly plain: Omit<ApiRequest, 'query' | 'body'>
  /** JSON of the entries. */
  readonly query: string
  readonly body:
    | { readonly kind: 'none' }
    | { readonly kind: 'value'; readonly json: string; readonly typed: boolean }
    | { readonly kind: 'raw'; readonly type: string }
}

export function requestData({ query, body, ...plain }: ApiRequest): RequestData {
  return { plain, query: encodeJson([...query]), body: bodyData(body) }
}

function bodyData(body: Body): RequestData['body'] {
  if (body.kind === 'value') return { kind: 'value', json: encodeJson(body.value), typed: body.typed }
  return body.kind === 'raw' ? { kind: 'raw', type: body.type } : body
}

/** `bytes` are those of a raw body. */
export function requestOf({ plain, query, body }: RequestData, bytes: () => AsyncIterable<Uint8Array>): ApiRequest {
  const entries = parseJson(query) as readonly (readonly [string, Json])[]
  return { ...plain, query: new Map(entries), body: bodyOf(body, bytes) }
}

function bodyOf(body: RequestData['body'], bytes: () => AsyncIterable<Uint8Array>): Body {
  if (body.kind === 'value') return { kind: 'value', value: parseJson(body.json), typed: body.typed }
  return body.kind === 'raw' ? { ...body, bytes: bytes() } : body
}

// ---- replies

export type ReplyHead = Pick<ApiReply, 'status' | 'headers' | 'cookies'> & {
  readonly body:
    | { readonly kind: 'none' }
    /** A value, or rows. */
    | { readonly kind: 'rows'; readonly weight: RowSource['weight'] }
    | { readonly kind: 'opaque'; readonly type: string; readonly length: number | null }
}

/** How the body is wanted: encoded, as JSON for a value, or as it is. */
export type Wanted =
  | { readonly kind: 'encode'; readonly output: Output }
  | { readonly kind: 'value'; readonly budget: Budget }
  | { readonly kind: 'bytes' }

/** Over the port of one request, from the thread. */
export type VisitUp =
  | { readonly kind: 'head'; readonly head: ReplyHead }
  /** The next part of a raw body is wanted. */
  | { readonly kind: 'pull' }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'done' }
  | { readonly kind: 'fault'; readonly fault: Fault }
/** And to it. */
export type VisitDown =
  | Down
  | { readonly kind: 'begin'; readonly wanted: Wanted }
  /** null: the body has ended. */
  | { readonly kind: 'part'; readonly bytes: Uint8Array | null }
  | { readonly kind: 'part-fault'; readonly fault: Fault }
