/** Folders as zip files, and zip files as folders (control-plane 9.1, 9.3, 13.4). */
import { type Caller, readZip, type Verb, type ZipInput, type ZipSource, zipOf } from 'dataferry/sdk'
import type { Arrived } from './disk.ts'
import { checkedPath, type Path } from './paths.ts'
import { emptyFolder, type Place, walk } from './tree.ts'

/** Of one zip file. */
const entriesMost = 10_000

/** What the caller may read of a folder. */
export function packFolder({ disk, rights }: Place, path: Path, caller: Caller): AsyncIterable<Uint8Array> {
  async function* entries(): AsyncGenerator<ZipInput> {
    const reads = (entry: { readonly path: Path }): boolean => rights.may(caller, entry.path, 'GET')
    for await (const entry of walk(disk, path, reads)) {
      if (!reads(entry)) continue
      const name = entry.path.slice(path.length).join('/')
      const { modified } = entry
      if (entry.folder) yield { path: `${name}/`, modified, bytes: null }
      else {
        // One that was removed meanwhile is not in the archive.
        const file = await disk.open(entry.path)
        if (file !== null) yield { path: name, modified, bytes: file.read(0, file.entry.length - 1) }
      }
    }
  }
  return zipOf(entries())
}

export interface Unpacking {
  readonly caller: Caller
  /** What the caller needs on each path. */
  readonly verb: Verb
  /** The folder is emptied first. */
  readonly clean: boolean
  readonly overwrite: boolean
  readonly maxBytes: number
}

export interface Unpacked {
  readonly path: Path
  readonly folder: boolean
}

/** Everything is unpacked beside the folder first: an archive that is refused on the way changes nothing in it. */
export async function unpack(
  place: Place,
  archive: ZipSource,
  into: Path,
  { caller, verb, clean, overwrite, maxBytes }: Unpacking,
): Promise<readonly Unpacked[]> {
  const { disk, rights } = place
  const entries = await readZip(archive, { bytes: maxBytes, entries: entriesMost })
  const unpacked: Unpacked[] = []
  const arrived: { readonly path: Path; readonly file: Arrived }[] = []
  try {
    for (const entry of entries) {
      const path = checkedPath([...into, ...entry.path])
      rights.demand(caller, path, verb)
      unpacked.push({ path, folder: entry.folder })
    }
    for (const [index, entry] of entries.entries()) {
      const path = unpacked[index]?.path ?? []
      if (!entry.folder) arrived.push({ path, file: await disk.receive(entry.bytes(), false) })
    }
    if (clean) await emptyFolder(place, into, caller)
    await disk.makeFolder(into)
    for (const { path, folder } of unpacked) if (folder) await disk.makeFolder(path)
    for (const { path, file } of arrived) {
      await disk.makeFolder(path.slice(0, -1))
      await file.place(path, overwrite)
    }
  } finally {
    await Promise.all(arrived.map(({ file }) => file.discard()))
  }
  return unpacked
}
