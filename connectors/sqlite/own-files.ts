/**
 * What of the data folder is no service's: the system store, its keys and locks. Whoever may make services must not read or
 * write passwords and rights through one of them. No message holds a path.
 */
import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { BadRequest } from 'dataferry/sdk'

const own = ['system.sqlite', 'instance.lock', 'app.key', 'jwt.secret'] as const
/** Files that SQLite keeps beside a database. */
const beside = ['', '-wal', '-shm', '-journal'] as const

/**
 * Throws BadRequest when the file is one of the server's own, by whatever path or link it is named. `store`: the system store, where it
 * is another file than that of the data folder.
 */
export function refuseOwnFiles(file: string, dataDir: string, store: string | null = null): void {
  const folder = real(resolve(dataDir))
  const wanted = real(resolve(file))
  const files = [...own.map((name) => join(folder, name)), ...(store === null ? [] : [real(store)])]
  for (const kept of files.flatMap((each) => beside.map((ending) => each + ending))) {
    if (wanted.toLowerCase() === kept.toLowerCase() || isSame(wanted, kept))
      throw new BadRequest("The database is one of this server's own files. Give the name of another one.")
  }
}

/** Throws BadRequest for statements that would open further files: there is no telling which. */
export function refuseAttaching(statements: readonly string[]): void {
  const found = statements.find((statement) => /\b(?:attach|vacuum\s[^;]*\binto)\b/i.test(statement))
  if (found !== undefined) throw new BadRequest('The additional SQL statements can not attach or write other files.')
}

/** With links followed as far as the path exists. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(real(parent), basename(path))
  }
}

/** A hard link has another name and is the same file. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false, bigint: true }))
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino && one.ino !== 0n
}
