/**
 * Bodies of several parts (RFC 7578), one part at a time as they arrive: a file is never held in memory. The parser is
 * @fastify/busboy, which is loaded at first use; file names come without folders.
 */
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { BusboyInstance } from '@fastify/busboy'
import { BadRequest } from '../errors.ts'
import { oneChunk } from './collect.ts'

export interface Part {
  /** Of the form's field. */
  readonly name: string
  /** null: the part is a value, no file. */
  readonly fileName: string | null
  /** The media type that the client tells of a file. */
  readonly type: string
  /** To be read before the next part is asked for; what nobody read is passed over. */
  readonly bytes: AsyncIterable<Uint8Array>
}

const partsMost = 1_000
const valueBytes = 1024 * 1024

export const isMultipart = (contentType: string): boolean => /^\s*multipart\/form-data\b/i.test(contentType)

/** @throws BadRequest for a body that is none, that ends early or that has more than 1000 parts. */
export async function* multipartParts(contentType: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Part> {
  const parser = await parserOf(contentType)
  const waiting: { readonly part: Part; readonly file: Readable | null }[] = []
  let ended = false
  let failure: unknown = null
  let wake = (): void => {}
  const fail = (error: unknown): void => {
    failure ??= error
    for (const { file } of waiting) file?.destroy()
    current?.destroy(error as Error)
    wake()
  }
  let current: Readable | null = null
  parser.on('file', (name, file, fileName, _encoding, type) => {
    file.on('error', () => {})
    const part = { name, fileName: fileName ?? '', type, bytes: file.iterator({ destroyOnReturn: false }) }
    waiting.push({ part, file })
    wake()
  })
  parser.on('field', (name, value, _nameCut, cut) => {
    if (cut) return fail(new BadRequest(`The value '${name}' of the form is longer than ${valueBytes} bytes.`))
    waiting.push({
      part: { name, fileName: null, type: 'text/plain', bytes: oneChunk(Buffer.from(value, 'utf8')) },
      file: null,
    })
    wake()
  })
  parser.on('partsLimit', () => fail(new BadRequest(`The body has more than ${partsMost} parts.`)))
  parser.on('error', () => fail(new BadRequest('The multipart body can not be read: it is cut off or malformed.')))
  parser.on('finish', () => {
    ended = true
    wake()
  })
  const pumping = pump(bytes, parser).catch(fail)
  try {
    for (;;) {
      const next = waiting.shift()
      if (next !== undefined) {
        current = next.file
        yield next.part
        current = null
        await passOver(next.file)
      } else if (failure !== null) throw failure
      else if (ended) return
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } catch (error) {
    // A file that broke off broke off because of this.
    throw failure ?? error
  } finally {
    // A parser that is destroyed takes no more, which ends the pump.
    for (const { file } of waiting) file?.destroy()
    parser.destroy()
    await pumping
  }
}

async function parserOf(contentType: string): Promise<BusboyInstance> {
  const { Busboy } = await import('@fastify/busboy')
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: { parts: partsMost, fieldSize: valueBytes, headerPairs: 100 },
      // A file without a name would be taken for a value.
      isPartAFile: (_name, _type, fileName) => fileName !== undefined,
    })
  } catch {
    throw new BadRequest('The multipart body has no boundary in its Content-Type.')
  }
}

async function pump(bytes: AsyncIterable<Uint8Array>, parser: BusboyInstance): Promise<void> {
  let goOn = (): void => {}
  parser.on('drain', () => goOn()).on('close', () => goOn())
  for await (const chunk of bytes) {
    if (parser.destroyed) return
    if (parser.write(chunk)) continue
    await new Promise<void>((resolve) => {
      goOn = resolve
    })
  }
  if (!parser.destroyed) parser.end()
}

async function passOver(file: Readable | null): Promise<void> {
  if (file === null || file.readableEnded || file.destroyed) return
  file.resume()
  await once(file, 'end').catch(() => {})
}
