/**
 * Opens the system store: the lock of the data folder, the key, the database, the migrations. What is opened closes in the
 * opposite order.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type RecordStore, RecordStoreAbility } from 'dataferry/records'
import { ApiError, makeFolder, type PluginHost } from 'dataferry/sdk'
import { locate } from './location.ts'
import { lockFolders } from './lock.ts'
import { migrate, upToDate } from './migrate.ts'
import { sharedKey } from './node-settings.ts'
import { noting } from './noting.ts'
import { RecordTables } from './record-tables.ts'
import { keyOfFolder, type Secrets, secrets } from './secrets.ts'
import type { Tables } from './tables.ts'

export interface SystemStore {
  readonly records: RecordStore
  readonly tables: Tables
  readonly secrets: Secrets
  /** Several nodes may work on it at once. */
  readonly shared: boolean
  /** Calls the listener with the version of each transaction of this process that others have to know of, and waits for it. */
  onCommit(listener: (version: number) => void | Promise<void>): void
  close(): Promise<void>
}

/** Throws one plain line when another instance holds the data folder. */
export async function openStore(host: PluginHost): Promise<SystemStore> {
  const dataDir = resolve(host.settings.dataDir)
  const { type, config, shared, folder } = locate(host.settings.nodes.systemDb, dataDir)
  if (host.makes) makeFolder(dataDir)
  else if (!shared && !existsSync(String(config.database)))
    throw new Error(
      `there is no system store yet in the data folder ${dataDir}. Set DF_DATA_DIR to that of the server.`,
    )
  // A command works beside the server, through the store's own transactions.
  const leads = host.serves && host.part.kind !== 'worker'
  const locks = leads ? lockFolders([dataDir, ...(folder === null ? [] : [folder])]) : []
  const stopped = new AbortController()
  let service: ReturnType<PluginHost['open']> | null = null
  const close = async (): Promise<void> => {
    try {
      await service?.close()
    } finally {
      stopped.abort()
      for (const lock of locks) lock.release()
    }
  }
  try {
    service = host.open(type, 'system', config)
    const opened = service.ability?.(RecordStoreAbility)
    if (opened === undefined) throw new Error('the database of the system store offers no records')
    if (host.part.kind === 'worker') await upToDate(opened, stopped.signal)
    else await migrate(opened, host.log, stopped.signal)
    const listeners = new Set<(version: number) => void | Promise<void>>()
    const records = noting(opened, shared, async (version) => {
      await Promise.all([...listeners].map((listener) => listener(version)))
    })
    const tables = new RecordTables(records, stopped.signal, opened)
    const { appKey } = host.settings.security
    const box = shared ? await sharedKey(tables, appKey, dataDir) : secrets(appKey ?? keyOfFolder(dataDir))
    const onCommit = (listener: (version: number) => void | Promise<void>): void => void listeners.add(listener)
    return { records, tables, secrets: box, shared, onCommit, close }
  } catch (thrown) {
    await close()
    if (!shared || !(thrown instanceof ApiError)) throw thrown
    throw new Error(`The system store in DF_SYSTEM_DB can't be opened. ${thrown.message}`, { cause: thrown })
  }
}
