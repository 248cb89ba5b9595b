/**
 * What apps of the original have beyond their record (control-plane 2.1): packages of one app, and files that go with it. This server has
 * neither; whoever asks for them is told, instead of being answered as if it had been done.
 */
import { booleanOption } from 'dataferry/records'
import { type ApiRequest, NotImplemented } from 'dataferry/sdk'
import { bodyOf } from '../sessions/body.ts'

const noPackages =
  'Packages of one app (.dfpkg) can not be made or read on this server. Use system/package, which also holds apps.'
const filesStay =
  "The files of an app are not deleted with it on this server. Delete the app without 'delete_storage', and the files through their service."

/** Throws NotImplemented. */
export function refuseAppPackages(request: ApiRequest): void {
  const { verb, query } = request
  if (verb === 'GET' && booleanOption(query.get('pkg'))) throw new NotImplemented(noPackages)
  if (verb === 'DELETE' && booleanOption(query.get('delete_storage'))) throw new NotImplemented(filesStay)
  if (verb !== 'POST') return
  const url = query.get('import_url') ?? bodyOf(request).import_url
  // A body of several parts holds a file, never records.
  if (request.body.kind === 'raw' || (typeof url === 'string' && url !== '')) throw new NotImplemented(noPackages)
}
