/** A file that comes with a request of the system service: in a form, or by URL (control-plane 4.8, 13.3). */
import type { Members } from 'dataferry/records'
import {
  type ApiRequest,
  BadRequest,
  collect,
  fetchUrl,
  isMultipart,
  type Json,
  multipartParts,
  type PluginHost,
} from 'dataferry/sdk'

/** Takes the bytes of a file in; `name` as the client tells it, without folders. */
export type TakeFile<T> = (name: string, bytes: AsyncIterable<Uint8Array>) => Promise<T>

export interface Form<T> {
  readonly file: T | null
  readonly values: Members
}

/** The first file of a form, and its values; null: the body is no form. `drop`: what was taken in, when the form turns out bad. */
export async function formOf<T>(
  { body }: ApiRequest,
  take: TakeFile<T>,
  drop: (file: T) => Promise<void> = async () => {},
): Promise<Form<T> | null> {
  if (body.kind !== 'raw' || !isMultipart(body.type)) return null
  const values: { [name: string]: Json } = {}
  let file: T | null = null
  try {
    for await (const part of multipartParts(body.type, body.bytes)) {
      if (part.fileName === null) values[part.name] = (await collect(part.bytes)).toString('utf8')
      else if (part.fileName !== '' && file === null) file = await take(part.fileName, part.bytes)
    }
  } catch (error) {
    if (file !== null) await drop(file)
    throw error
  }
  return { file, values }
}

/** The file at `url`; null: none was named. */
export async function fetchedFile<T>(
  url: Json,
  { http, files }: PluginHost['settings'],
  take: TakeFile<T>,
  signal: AbortSignal,
): Promise<T | null> {
  if (url === null || url === '') return null
  if (typeof url !== 'string') throw new BadRequest('Invalid import URL: send one.')
  const { name, bytes } = await fetchUrl(url, { maxBytes: http.maxBodyBytes, allow: files.importAllow, signal })
  return take(name, bytes)
}
