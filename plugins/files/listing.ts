/** Lists of folders (control-plane 9.1) and the properties of files and folders. */
import { booleanOption, projectList, wrapList } from 'dataferry/records'
import { type ApiReply, type ApiRequest, type Json, NotFound } from 'dataferry/sdk'
import type { Entry } from './disk.ts'
import { shownType } from './media.ts'
import { fileText, folderText, nameOf, type Path } from './paths.ts'
import { type Place, walk } from './tree.ts'

type Properties = { readonly [name: string]: Json }

export const answer = (value: Json, status = 200): ApiReply => ({
  status,
  headers: {},
  body: { kind: 'value', value },
})

export const isTrue = (request: ApiRequest, name: string, otherwise = false): boolean => {
  const given = request.query.get(name)
  return given === undefined || given === '' ? otherwise : booleanOption(given)
}

export const noFolder = (path: Path): NotFound =>
  new NotFound(`Folder '${folderText(path)}' does not exist in storage.`)

/** An entry as a list shows it; its name is from the listed folder. */
function shownEntry(entry: Entry, from: Path): Properties {
  const name = fileText(entry.path.slice(from.length))
  const last_modified = entry.modified.toUTCString()
  if (entry.folder) return { path: folderText(entry.path), last_modified, name, type: 'folder' }
  const content_type = shownType(name, entry.length)
  return { path: fileText(entry.path), content_type, last_modified, content_length: entry.length, name, type: 'file' }
}

export function fileProperties({ path, length, modified }: Entry): Properties {
  const name = nameOf(path)
  return {
    path: fileText(path),
    name,
    content_type: shownType(name, length),
    last_modified: modified.toUTCString(),
    content_length: length,
  }
}

const folderProperties = ({ path, modified }: Entry): Properties => ({
  name: nameOf(path),
  path: folderText(path),
  last_modified: modified.toUTCString(),
})

export async function listFolder(place: Place, path: Path, request: ApiRequest): Promise<ApiReply> {
  const { disk, rights } = place
  const { caller, output, query } = request
  const folder = await disk.find(path)
  if (!folder?.folder) throw noFolder(path)
  const deep = isTrue(request, 'full_tree')
  const wanted = { folders: isTrue(request, 'include_folders', true), files: isTrue(request, 'include_files', true) }
  const term = query.get('search')
  const search = typeof term === 'string' ? term.toLowerCase() : ''
  const shown: Properties[] = []
  for await (const entry of walk(disk, path, (below) => deep && rights.may(caller, below.path, 'GET'))) {
    if (!(entry.folder ? wanted.folders : wanted.files)) continue
    if (search !== '' && !nameOf(entry.path).toLowerCase().includes(search)) continue
    shown.push(shownEntry(entry, path))
  }
  const list = projectList(shown, {
    fields: namesIn(query.get('fields')) ?? 'all',
    asList: isTrue(request, 'as_list'),
    idField: namesIn(query.get('id_field')) ?? ['path'],
  })
  if (!isTrue(request, 'include_properties')) return answer(wrapList(output, list))
  // The recorded answer of a folder without entries has no list at all.
  const entries = list.length === 0 ? {} : { [output.wrapperName]: list }
  return answer({ ...folderProperties(folder), ...entries })
}

function namesIn(given: Json | undefined): readonly string[] | null {
  if (typeof given !== 'string' || given.trim() === '' || given.trim() === '*') return null
  return given.split(',').map((name) => name.trim())
}

/** What a role could name (control-plane 3.6), as far as the caller has a right on it. */
export async function accessList(place: Place, path: Path, request: ApiRequest): Promise<ApiReply> {
  const { disk, rights } = place
  const names = rights.mask(request.caller, path) === 0 ? [] : ['', '*']
  for await (const entry of walk(disk, path, () => true)) {
    if (!entry.folder || rights.mask(request.caller, entry.path) === 0) continue
    names.push(folderText(entry.path), `${folderText(entry.path)}*`)
  }
  return answer(wrapList(request.output, names))
}
