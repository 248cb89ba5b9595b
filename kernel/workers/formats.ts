/**
 * Bodies and answers whose format takes long, in a worker thread: XML that is read comes back as JSON text, which costs a fraction to parse;
 * values that are written as XML or CSV go there as JSON text and come back as bytes. JSON itself stays where it is: bringing its value over
 * costs what parsing it does. Both the caller's side and the job of the thread.
 */
import { encodeJson, encodeValue, parseJson } from '../formats/index.ts'
import { decodeXml } from '../formats/xml.ts'
import type { Json, Output } from '../plugins/contract.ts'
import type { WorkerAnswer, Workers } from '../plugins/workers.ts'

type FormatTask =
  | { readonly kind: 'judge'; readonly text: string }
  | { readonly kind: 'xml'; readonly text: string; readonly wrapper: string }
  | { readonly kind: 'encode'; readonly json: string; readonly output: Output }

const module = import.meta.url

/** Who does it, and from what size on. */
export interface Threads {
  readonly workers: Workers | null
  readonly atLeast: number
}

/** As `decodeXml`, which stays here for what is short. */
export async function readXml(
  text: string,
  wrapper: string,
  { workers, atLeast }: Threads,
  signal: AbortSignal,
): Promise<Json> {
  if (workers === null || workers.threads === 0 || text.length <= atLeast) return decodeXml(text, wrapper)
  const data: FormatTask = { kind: 'xml', text, wrapper }
  return parseJson(await workers.compute<string>({ module, data }, signal))
}

/** A large JSON text that is perhaps not valid: saying where it is not takes long. Throws as `parseJson`. */
export async function readJson(
  text: string,
  { workers }: Pick<Threads, 'workers'>,
  signal: AbortSignal,
): Promise<Json> {
  if (workers !== null && workers.threads > 0) {
    const data: FormatTask = { kind: 'judge', text }
    await workers.compute<null>({ module, data }, signal)
  }
  return parseJson(text)
}

/** The body of a value where a thread has to write it; null: it is to be written here. */
export function written(
  output: Output,
  value: Json,
  { workers, atLeast }: Threads,
  signal: AbortSignal,
): Promise<Uint8Array> | null {
  if (workers === null || workers.threads === 0) return null
  if ((output.format !== 'xml' && output.format !== 'csv') || entriesOf(value) <= atLeast) return null
  const data: FormatTask = { kind: 'encode', json: encodeJson(value), output }
  return workers.compute<Uint8Array>({ module, data }, signal)
}

/** Of the list that a value is or holds. */
function entriesOf(value: Json): number {
  if (value === null || typeof value !== 'object') return 0
  if (Array.isArray(value)) return value.length
  let most = 0
  for (const member of Object.values(value)) if (Array.isArray(member)) most = Math.max(most, member.length)
  return most
}

export default function perform(task: FormatTask): WorkerAnswer<string | Uint8Array | null> {
  if (task.kind === 'judge') {
    parseJson(task.text)
    return { value: null }
  }
  if (task.kind === 'xml') return { value: encodeJson(decodeXml(task.text, task.wrapper)) }
  const bytes = encodeValue(task.output, parseJson(task.json))
  return { value: bytes, moved: bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer as ArrayBuffer] : [] }
}
