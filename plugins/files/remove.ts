/** DELETE on files and folders, and of what a body names (control-plane 9.6). */
import { wrapList } from 'dataferry/records'
import { type ApiReply, type ApiRequest, BadRequest, type Json, NotFound, toApiError } from 'dataferry/sdk'
import { entriesOf, jsonBody, type Members } from './body.ts'
import { answer, isTrue, noFolder } from './listing.ts'
import { checkedName, fileText, folderText, nameOf, type Path, pathOf } from './paths.ts'
import { emptyFolder, type Place, removeFolder } from './tree.ts'
import { checkConditions } from './write.ts'

export async function deleteFile({ disk }: Place, path: Path, request: ApiRequest): Promise<ApiReply> {
  const there = await disk.find(path)
  checkConditions(request.headers, path, there)
  if (there === null || there.folder) {
    if (!isTrue(request, 'no_check')) throw noFile(path)
  } else await disk.removeFile(path)
  return answer({ name: nameOf(path), path: fileText(path) })
}

export async function deleteFolder(place: Place, path: Path, request: ApiRequest): Promise<ApiReply> {
  const value = await jsonBody(request.body)
  const entries = entriesOf(value) ?? []
  if (entries.length > 0) return deleteEntries(place, path, entries, request)
  // An empty list names nothing: it must not mean the folder.
  if (path.length === 0 || value !== null) throw new BadRequest('No resources given for delete.')
  await removeOne(place, path, request)
  return answer({ name: nameOf(path), path: folderText(path) })
}

async function deleteEntries(
  place: Place,
  path: Path,
  entries: readonly Members[],
  request: ApiRequest,
): Promise<ApiReply> {
  const targets = entries.map((entry) => ({ entry, target: targetOf(path, entry) }))
  const results: Json[] = []
  for (const { entry, target } of targets) {
    const isFolder = entry.type === 'folder'
    const result = {
      name: nameOf(target),
      path: isFolder ? folderText(target) : fileText(target),
      type: isFolder ? 'folder' : 'file',
    }
    try {
      place.rights.demand(request.caller, target, 'DELETE')
      if (isFolder) await removeOne(place, target, request)
      else if ((await place.disk.find(target))?.folder !== false) {
        if (!isTrue(request, 'no_check')) throw noFile(target)
      } else await place.disk.removeFile(target)
      results.push(result)
    } catch (error) {
      const { status, message } = toApiError(error)
      if (status >= 500) throw error
      results.push({ ...result, error: { message } })
    }
  }
  return answer(wrapList(request.output, results))
}

/** `path` is from the root, `name` from the folder of the request. */
function targetOf(folder: Path, entry: Members): Path {
  const { path = null, name = null } = entry
  if (typeof path === 'string' && pathOf(path).length > 0) return pathOf(path)
  if (typeof name === 'string' && name !== '') return [...folder, checkedName(name.replace(/\/$/, ''))]
  const what = entry.type === 'folder' ? 'folder' : 'file'
  throw new BadRequest(`No path or name found for ${what} in delete request.`)
}

async function removeOne(place: Place, path: Path, request: ApiRequest): Promise<void> {
  const { disk } = place
  const there = await disk.find(path)
  if (!there?.folder) {
    if (isTrue(request, 'no_check')) return
    throw noFolder(path)
  }
  if (isTrue(request, 'content_only')) return emptyFolder(place, path, request.caller)
  if (isTrue(request, 'force')) return removeFolder(place, path, request.caller)
  if (!(await disk.removeEmptyFolder(path)))
    throw new BadRequest('Directory not empty, can not delete without force option.')
}

const noFile = (path: Path): NotFound => new NotFound(`File '${fileText(path)}' does not exist in storage.`)
