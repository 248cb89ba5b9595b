/**
 * `system/package` (control-plane 4.8): GET shows what a package could hold, POST with a manifest makes one, POST with a file, or
 * with `import_url`, reads one in.
 */
import { booleanOption, isMembers, type Members } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  Forbidden,
  fetchUrl,
  isMultipart,
  type Json,
  multipartParts,
  NotImplemented,
} from 'dataferry/sdk'
import type { PackageDeps } from '../packages/deps.ts'
import { exportPackage, passwordIn } from '../packages/export.ts'
import { PackageImport } from '../packages/import.ts'
import { wholeManifest } from '../packages/manifest.ts'
import { type Spooled, spool } from '../packages/spool.ts'
import { answer, bodyOf, noSuchVerb } from '../sessions/body.ts'

export async function packages(request: ApiRequest, deps: PackageDeps, signal: AbortSignal): Promise<ApiReply> {
  if (request.verb !== 'GET' && request.verb !== 'POST')
    throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'package')
  if (!request.caller.admin) throw new Forbidden("Access Forbidden. 'package' is for full administrators.")
  if (request.verb === 'GET') return answer(await wholeManifest(request, deps))
  const form = await formOf(request, deps)
  const sent: Members = { ...bodyOf(request), ...form?.values }
  const option = (name: string): Json => sent[name] ?? request.query.get(name) ?? null
  const file = form?.file ?? (await fetched(option('import_url'), deps, signal))
  if (file === null) {
    if (form !== null) throw new BadRequest('The form has no file: send the package as `files`.')
    const manifest = isMembers(sent.manifest) ? { ...sent.manifest, ...sent } : sent
    return exportPackage(request, manifest, booleanOption(option('download') ?? undefined), deps, signal)
  }
  try {
    const overwrite = booleanOption(option('overwrite') ?? undefined)
    const password = passwordIn({ password: option('password') })
    const done = await PackageImport.run(file, { overwrite, password }, request, deps, signal)
    return answer({ ...done }, done.success ? 201 : 200)
  } finally {
    await file.discard()
  }
}

/** The first file of a form and its values; null: the body is no form. */
async function formOf(
  { body }: ApiRequest,
  { settings }: PackageDeps,
): Promise<{ readonly file: Spooled | null; readonly values: Members } | null> {
  if (body.kind !== 'raw' || !isMultipart(body.type)) return null
  const values: { [name: string]: Json } = {}
  let file: Spooled | null = null
  try {
    for await (const part of multipartParts(body.type, body.bytes)) {
      if (part.fileName === null) values[part.name] = await textOf(part.bytes)
      else if (part.fileName !== '' && file === null) {
        refuseApps(part.fileName)
        file = await spool(part.bytes, settings.dataDir)
      }
    }
  } catch (error) {
    await file?.discard()
    throw error
  }
  return { file, values }
}

async function fetched(url: Json, { settings }: PackageDeps, signal: AbortSignal): Promise<Spooled | null> {
  if (url === null || url === '') return null
  if (typeof url !== 'string') throw new BadRequest('Invalid import URL: send one.')
  const { http, files, dataDir } = settings
  const { name, bytes } = await fetchUrl(url, { maxBytes: http.maxBodyBytes, allow: files.importAllow, signal })
  refuseApps(name)
  return spool(bytes, dataDir)
}

function refuseApps(name: string): void {
  if (/\.dfpkg$/i.test(name))
    throw new NotImplemented(
      'Packages of one app (.dfpkg) can not be read on this server. Send a package of the system.',
    )
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
