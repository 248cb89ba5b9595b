/**
 * `system/package` (control-plane 4.8): GET shows what a package could hold, POST with a manifest makes one, POST with a file, or
 * with `import_url`, reads one in.
 */
import { booleanOption, isMembers, type Members } from 'dataferry/records'
import { type ApiReply, type ApiRequest, BadRequest, Forbidden, type Json, NotImplemented } from 'dataferry/sdk'
import type { PackageDeps } from '../packages/deps.ts'
import { exportPackage, passwordIn } from '../packages/export.ts'
import { PackageImport } from '../packages/import.ts'
import { wholeManifest } from '../packages/manifest.ts'
import { type Spooled, spool } from '../packages/spool.ts'
import { answer, bodyOf, noSuchVerb } from '../sessions/body.ts'
import { fetchedFile, formOf } from './upload.ts'

export async function packages(request: ApiRequest, deps: PackageDeps, signal: AbortSignal): Promise<ApiReply> {
  if (request.verb !== 'GET' && request.verb !== 'POST')
    throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'package')
  if (!request.caller.admin) throw new Forbidden("Access Forbidden. 'package' is for full administrators.")
  if (request.verb === 'GET') return answer(await wholeManifest(request, deps))
  const take = (name: string, bytes: AsyncIterable<Uint8Array>): Promise<Spooled> => {
    refuseApps(name)
    return spool(bytes, deps.settings.dataDir)
  }
  const form = await formOf(request, take, (file) => file.discard())
  const sent: Members = { ...bodyOf(request), ...form?.values }
  const option = (name: string): Json => sent[name] ?? request.query.get(name) ?? null
  const file = form?.file ?? (await fetchedFile(option('import_url'), deps.settings, take, signal))
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

function refuseApps(name: string): void {
  if (/\.dfpkg$/i.test(name))
    throw new NotImplemented(
      'Packages of one app (.dfpkg) can not be read on this server. Send a package of the system.',
    )
}
