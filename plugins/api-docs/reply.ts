/** A document as a reply: as other values are, or as YAML. */
import type { ApiReply, ApiRequest } from 'dataferry/sdk'
import { stringify } from 'yaml'
import type { JsonObject } from './shapes.ts'

export function reply({ output }: ApiRequest, { yaml }: { readonly yaml: boolean }, document: JsonObject): ApiReply {
  if (!yaml) return { status: 200, headers: {}, body: { kind: 'value', value: document } }
  const bytes = Buffer.from(stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 }))
  const { fileName } = output
  const headers: { [name: string]: string } = {}
  if (fileName !== null)
    headers['content-disposition'] = `attachment; filename="${fileName.replace(/[^\x20-\x7e]/g, '_')}";`
  return {
    status: 200,
    headers,
    body: { kind: 'opaque', type: 'application/yaml', length: bytes.length, bytes: once(bytes) },
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
