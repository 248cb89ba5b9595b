/** A system store in a folder of its own, over the real SQLite connector; both are gone when the test is. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type RecordStore, RecordStoreAbility } from 'dataferry/records'
import type { Log, ServiceHost } from 'dataferry/sdk'
import { load } from '../../../config/index.ts'
import sqlite from '../../../connectors/sqlite/plugin.ts'

export const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
export const signal = new AbortController().signal

export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'dataferry-system-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The store in the file `system.sqlite` of a folder. */
export function storeIn(t: TestContext, path: string): RecordStore {
  const { config: settings } = load({ env: { DF_DATA_DIR: path }, directory: path })
  const host = {
    log,
    settings,
    service: { id: 0, name: 'system', label: 'system', type: 'sqlite' },
    maskFor: () => 31,
    policyFor: () => ({ verbs: 31, rows: null, hidden: new Set(), readOnly: new Set() }),
    serviceName: () => null,
  } as unknown as ServiceHost
  const [type] = sqlite.types
  const service = type?.create({ database: join(path, 'system.sqlite') }, host)
  const store = service?.ability?.(RecordStoreAbility)
  if (service === undefined || store === undefined) throw new Error('the SQLite connector offers no records')
  t.after(() => service.close())
  return store
}
