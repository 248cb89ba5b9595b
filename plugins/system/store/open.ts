/**
 * Opens the system store: the lock of the data folder, the key, the database, the migrations. What is opened closes in the
 * opposite order.
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type RecordStore, RecordStoreAbility } from 'dataferry/records'
import type { PluginHost } from 'dataferry/sdk'
import { lockFolder } from './lock.ts'
import { migrate } from './migrate.ts'
import { RecordTables } from './record-tables.ts'
import { keyOfFolder, type Secrets, secrets } from './secrets.ts'
import type { Tables } from './tables.ts'

export interface SystemStore {
  readonly records: RecordStore
  readonly tables: Tables
  readonly secrets: Secrets
  close(): Promise<void>
}

/** Throws one plain line when another instance holds the data folder. */
export async function openStore(host: PluginHost): Promise<SystemStore> {
  const dataDir = resolve(host.settings.dataDir)
  mkdirSync(dataDir, { recursive: true })
  const lock = lockFolder(dataDir)
  const stopped = new AbortController()
  let service: ReturnType<PluginHost['open']> | null = null
  const close = async (): Promise<void> => {
    try {
      await service?.close()
    } finally {
      stopped.abort()
      lock.release()
    }
  }
  try {
    const key = host.settings.security.appKey ?? keyOfFolder(dataDir)
    service = host.open('sqlite', 'system', { database: join(dataDir, 'system.sqlite') })
    const records = service.ability?.(RecordStoreAbility)
    if (records === undefined) throw new Error('the database of the system store offers no records')
    await migrate(records, host.log, stopped.signal)
    return { records, tables: new RecordTables(records, stopped.signal), secrets: secrets(key), close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}
