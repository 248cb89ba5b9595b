/**
 * Files that go with a mail (control-plane 10.1): from a file service, with the rights of who sends; from a URL, after the rules of
 * control-plane 13.3; uploaded with the request; or of content in the body. All together are bounded, because a mail is made in memory.
 */
import {
  BadRequest,
  type Caller,
  collect,
  FileStoreAbility,
  Forbidden,
  fetchUrl,
  isMultipart,
  type Json,
  multipartParts,
  NotFound,
  oneChunk,
  PayloadTooLarge,
  parseJson,
  type ServiceHost,
} from 'dataferry/sdk'
import type { Values } from './placeholders.ts'

export interface Attachment {
  readonly filename: string
  readonly content: Uint8Array
  /** Its media type; undefined: as the name tells. */
  readonly contentType?: string
}

export const attachmentBytes = 25 * 1024 * 1024
const attachmentsMost = 20

type Members = { readonly [name: string]: Json }

/** Collects the attachments of one mail within their budget. */
export class Attachments {
  readonly #host: ServiceHost
  readonly #signal: AbortSignal
  readonly #found: Attachment[] = []
  #left = attachmentBytes

  constructor(host: ServiceHost, signal: AbortSignal) {
    this.#host = host
    this.#signal = signal
  }

  get all(): readonly Attachment[] {
    return this.#found
  }

  /** `caller` null: the server itself sends, what an administrator wrote into a template. */
  async addAll(sent: Json, caller: Caller | null): Promise<void> {
    const list = Array.isArray(sent) ? (sent as readonly Json[]) : [sent]
    for (const each of list) {
      if (each === null || each === '') continue
      if (typeof each === 'string') await this.#addUrl(each, null)
      else if (isMembers(each)) await this.#addOne(each, caller)
      else throw noAttachment()
    }
  }

  /** Reads the bytes within what is left of the budget. */
  async add(name: string, bytes: AsyncIterable<Uint8Array>, type = ''): Promise<void> {
    if (this.#found.length >= attachmentsMost)
      throw new BadRequest(`A mail has at most ${attachmentsMost} attachments.`)
    const filename = fileName(name)
    const content = await collect(bytes, this.#left, tooLong)
    this.#left -= content.length
    const contentType = type.split(';', 1)[0]?.trim() ?? ''
    const plain = /^[\w.+-]+\/[\w.+-]+$/.test(contentType)
    this.#found.push({ filename, content, ...(plain ? { contentType } : {}) })
  }

  async #addOne(sent: Members, caller: Caller | null): Promise<void> {
    const { service = null, path = null, url = null, content = null } = sent
    const name = text(sent.name ?? sent.filename ?? null)
    if (typeof service === 'string' && typeof path === 'string') return this.#addStored(service, path, caller)
    if (typeof url === 'string') return this.#addUrl(url, name)
    if (typeof content !== 'string' || name === null) throw noAttachment()
    const bytes = sent.is_base64 === true ? Buffer.from(content, 'base64') : Buffer.from(content, 'utf8')
    return this.add(name, oneChunk(bytes), text(sent.content_type ?? null) ?? '')
  }

  async #addStored(service: string, path: string, caller: Caller | null): Promise<void> {
    const id = this.#host.serviceId?.(service) ?? null
    if (id === null) throw new NotFound(`Could not find a service for ${service}`)
    const files = await this.#host.other(id, FileStoreAbility)
    const file = await files.open(path, caller ?? itself, this.#signal).catch((error: unknown) => {
      if (!(error instanceof Forbidden)) throw error
      throw new Forbidden(`You do not have enough privileges to access file: ${path}`)
    })
    await this.add(file.name, file.bytes, file.type)
  }

  async #addUrl(url: string, name: string | null): Promise<void> {
    const { importAllow } = this.#host.settings.files
    const options = { maxBytes: Math.max(this.#left, 0), allow: importAllow, signal: this.#signal }
    const fetched = await fetchUrl(url, options)
    await this.add(name ?? (fetched.name || 'attachment'), fetched.bytes, fetched.type)
  }
}

const itself: Caller = {
  user: null,
  app: null,
  role: null,
  admin: true,
  requestor: 'api',
  session: null,
  lookups: {},
}

/** The mail of a form: its values, and its files as attachments. Lists and objects stand in it as JSON. null: the body is no form. */
export async function mailOfForm(
  body: { readonly type: string; readonly bytes: AsyncIterable<Uint8Array> },
  attachments: Attachments,
): Promise<Values | null> {
  if (!isMultipart(body.type)) return null
  const values: { [name: string]: Json } = {}
  for await (const { name, fileName: file, type, bytes } of multipartParts(body.type, body.bytes)) {
    if (file === null) values[name] = formValue((await collect(bytes)).toString('utf8'))
    else if (file !== '') await attachments.add(file, bytes, type)
  }
  return values
}

function formValue(given: string): Json {
  if (!/^\s*[[{]/.test(given)) return given
  try {
    return parseJson(given)
  } catch {
    // A text that begins like JSON, as one with a placeholder does.
    return given
  }
}

/** The last segment, on one line. */
function fileName(given: string): string {
  const name = given
    .replace(/^.*[/\\]/s, '')
    .replace(/\p{Cc}/gu, '')
    .trim()
  if (name === '') throw new BadRequest('An attachment has no name.')
  return name
}

const tooLong = (): PayloadTooLarge =>
  new PayloadTooLarge(`The attachments of a mail are longer than ${attachmentBytes} bytes.`)

const noAttachment = (): BadRequest =>
  new BadRequest('An attachment is a URL, {"service","path"}, or {"name","content","is_base64"}.')

const text = (value: Json): string | null => (typeof value === 'string' && value !== '' ? value : null)
const isMembers = (value: Json): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
