/** What is done with a folder and everything in it, each entry judged by its own path. */
import { BadRequest, type Caller, type Verb } from 'dataferry/sdk'
import type { Disk, Entry } from './disk.ts'
import { fileText, isBelow, type Path } from './paths.ts'
import type { Rights } from './rights.ts'

/** The parts of a file service that its requests work with. */
export interface Place {
  readonly disk: Disk
  readonly rights: Rights
}

/** How much is listed, packed, copied or removed at once. */
export const entriesMost = 100_000

/** Below a folder, depth first, at each level folders before files. `descend` false: what is in that folder is left out. */
export async function* walk(
  disk: Disk,
  path: Path,
  descend: (folder: Entry) => boolean,
  seen = { count: 0 },
): AsyncGenerator<Entry> {
  const entries = (await disk.list(path)) ?? []
  seen.count += entries.length
  if (seen.count > entriesMost)
    throw new BadRequest(`The folder has more than ${entriesMost} entries. Ask for one of its folders.`)
  for (const entry of entries) {
    if (!entry.folder) continue
    yield entry
    if (descend(entry)) yield* walk(disk, entry.path, descend, seen)
  }
  for (const entry of entries) if (!entry.folder) yield entry
}

const always = (): boolean => true

/** Throws Forbidden when the caller has not the verb on something below. */
async function demandBelow({ disk, rights }: Place, path: Path, caller: Caller, verb: Verb): Promise<void> {
  if (caller.admin) return
  for await (const entry of walk(disk, path, always)) rights.demand(caller, entry.path, verb)
}

/** Removes what is in a folder. Nothing is removed when something may not be. */
export async function emptyFolder(place: Place, path: Path, caller: Caller): Promise<void> {
  await demandBelow(place, path, caller, 'DELETE')
  for (const entry of (await place.disk.list(path)) ?? []) {
    if (entry.folder) await place.disk.removeTree(entry.path)
    else await place.disk.removeFile(entry.path)
  }
}

export async function removeFolder(place: Place, path: Path, caller: Caller): Promise<void> {
  await demandBelow(place, path, caller, 'DELETE')
  await place.disk.removeTree(path)
}

/** Copies a folder; what is in the target stays beside it. `verb`: what the caller needs on each target. */
export async function copyFolder(place: Place, from: Path, to: Path, caller: Caller, verb: Verb): Promise<void> {
  if (isBelow(to, from)) throw new BadRequest(`The folder '${fileText(from)}' can not be copied into itself.`)
  const { disk, rights } = place
  const found: { readonly entry: Entry; readonly target: Path }[] = []
  for await (const entry of walk(disk, from, always)) {
    const target = [...to, ...entry.path.slice(from.length)]
    rights.demand(caller, entry.path, 'GET')
    rights.demand(caller, target, verb)
    found.push({ entry, target })
  }
  await disk.makeFolder(to)
  for (const { entry, target } of found) {
    if (entry.folder) await disk.makeFolder(target)
    else await disk.copy(entry.path, target)
  }
}
