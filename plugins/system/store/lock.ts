/**
 * One instance a data folder. The lock is the operating system's, taken through SQLite, so it ends with the process that holds it,
 * however that ends; command line tools do not take it (they write through the store's own transactions).
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeFolder } from 'dataferry/sdk'

export interface InstanceLock {
  release(): void
}

/** Throws one plain line when another instance holds the folder. */
export function lockFolder(dataDir: string): InstanceLock {
  const database = new DatabaseSync(join(dataDir, 'instance.lock'), { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!(cause instanceof Error && /locked|busy/i.test(cause.message))) throw cause
    throw new Error(
      `Another instance runs on the data folder ${dataDir}. Stop it first, or give this one a folder of its own with DF_DATA_DIR.`,
      { cause },
    )
  }
  let held = true
  return {
    release() {
      if (!held) return
      held = false
      database.exec('ROLLBACK')
      database.close()
    },
  }
}

/** All of them or none. */
export function lockFolders(folders: readonly string[]): readonly InstanceLock[] {
  const locks: InstanceLock[] = []
  try {
    for (const folder of folders) {
      makeFolder(folder)
      locks.push(lockFolder(folder))
    }
  } catch (thrown) {
    for (const lock of locks) lock.release()
    throw thrown
  }
  return locks
}
