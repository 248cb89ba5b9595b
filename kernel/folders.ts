/** Folders that are made where they are missing. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it; one that is there stays as it is. Throws the system's error. The recursive mkdir of Node
 * never comes back where a file system refuses with ENOENT though the folder above is there, as /proc does.
 */
export function makeFolder(folder: string, mode = 0o777): void {
  if (made(folder, mode)) return
  const above = dirname(folder)
  if (isFolder(above)) {
    // Somebody else may have made the one above meanwhile.
    mkdirSync(folder, { mode })
    return
  }
  makeFolder(above, mode)
  if (!made(folder, mode)) mkdirSync(folder, { mode })
}

/** false: the folder above is missing, or the system says so. */
function made(folder: string, mode: number): boolean {
  try {
    mkdirSync(folder, { mode })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(folder) !== folder) return false
    // Systems tell other reasons than EEXIST where it can not be written, though it is there.
    if (isFolder(folder)) return true
    throw error
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
