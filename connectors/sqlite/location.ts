/**
 * Where the file of a service is (control-plane 5.2). Names are relative to the storage folder and stay in it; absolute paths are the
 * administrator's to give. No message holds a path.
 */
import { isAbsolute, normalize, resolve, sep } from 'node:path'
import { BadRequest, type ConfigValues } from 'dataferry/sdk'

/** The name or path as configured; throws BadRequest where it can't be that of a file. */
export function databaseName(config: ConfigValues): string {
  const { database } = config
  if (typeof database !== 'string' || database.trim() === '') {
    throw new BadRequest('Database connection information must contain at least database name.')
  }
  const name = database.trim()
  if (name.includes('\0')) throw new BadRequest('The database name can not hold a zero character.')
  if (name === ':memory:') throw new BadRequest('A database in memory can not be served. Give the name of a file.')
  if (/[\\/]$/.test(name)) throw new BadRequest('The database name is that of a folder. Give the name of a file.')
  if (!isAbsolute(name)) {
    const inside = normalize(name)
    if (inside === '.' || inside === '..' || inside.startsWith(`..${sep}`)) {
      throw new BadRequest('A relative database name must stay inside the folder of SQLite databases.')
    }
  }
  return name
}

/** The absolute path of the configured file; `storage` is the folder for relative names. */
export function databaseFile(config: ConfigValues, storage: string): string {
  return resolve(storage, databaseName(config))
}
