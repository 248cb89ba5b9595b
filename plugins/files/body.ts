/** The body of a request as files come in it: as it is, in the parts of a form, from a URL, or as texts in JSON. */
import {
  type ApiRequest,
  BadRequest,
  type Body,
  collect,
  fetchUrl,
  isMultipart,
  type Json,
  multipartParts,
  oneChunk,
  type Part,
  parseJson,
} from 'dataferry/sdk'

export type Bytes = AsyncIterable<Uint8Array>
export type Members = { readonly [name: string]: Json }

/** What a URL may be fetched with. */
export interface Fetching {
  readonly maxBytes: number
  readonly allow: readonly string[]
}

/** The bytes as they were sent; null: no body. */
export function rawBytes(body: Body): Bytes | null {
  if (body.kind === 'raw') return body.bytes
  if (body.kind === 'none') return null
  return oneChunk(Buffer.from(typeof body.value === 'string' ? body.value : JSON.stringify(body.value), 'utf8'))
}

/** The files of a form, one after the other; null: the body is no form. */
export function formFiles({ body }: ApiRequest): AsyncIterable<Part & { readonly fileName: string }> | null {
  if (body.kind !== 'raw' || !isMultipart(body.type)) return null
  const { type, bytes } = body
  return (async function* () {
    for await (const part of multipartParts(type, bytes))
      if (part.fileName !== null && part.fileName !== '') yield { ...part, fileName: part.fileName }
  })()
}

/** The file that `?url=` names, after the rules of control-plane 13.3; null: there is no such parameter. */
export async function urlFile(
  { query }: ApiRequest,
  { maxBytes, allow }: Fetching,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly bytes: Bytes } | null> {
  const url = query.get('url')
  if (url === undefined || url === '') return null
  if (typeof url !== 'string') throw new BadRequest('Invalid import URL: send one.')
  const fetched = await fetchUrl(url, { maxBytes, allow, signal })
  const given = query.get('filename')
  return { name: typeof given === 'string' && given !== '' ? given : fetched.name, bytes: fetched.bytes }
}

/** The value of a JSON body; null: no body. Throws BadRequest for what is neither object nor list. */
export async function jsonBody(body: Body): Promise<Json> {
  if (body.kind === 'none') return null
  const value = body.kind === 'value' ? body.value : parsed(await collect(body.bytes))
  if (value !== null && typeof value !== 'object')
    throw new BadRequest('The body must be a JSON object, such as {"resource":[{"name":"a.txt","type":"file"}]}.')
  return value
}

function parsed(bytes: Buffer): Json {
  const text = bytes.toString('utf8').trim()
  if (text === '') return null
  if (!/^[[{]/.test(text))
    throw new BadRequest(
      'Name the file by the header X-File-Name or at the end of the path, or send a JSON object with a `resource` list.',
    )
  return parseJson(text)
}

/** The entries of a `resource` list; null: the value holds none. */
export function entriesOf(value: Json): readonly Members[] | null {
  const list = isMembers(value) ? value.resource : value
  if (!Array.isArray(list)) return null
  if (!list.every(isMembers)) throw new BadRequest('Every entry of `resource` must be an object.')
  return list
}

export const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
