/**
 * What all nodes have to have alike, in the store: whether the key of a node fits, the secret of session tokens, the name under which
 * this installation counts in a cache that others may use too. Of nodes that start at once the first one's values stay.
 */
import { type KeyObject, randomUUID } from 'node:crypto'
import type { SharedSecrets } from 'dataferry/sdk'
import { optionalAt } from './columns.ts'
import { keyOfFolder, newKeyNeeded, type Secrets, secrets } from './secrets.ts'
import type { Tables } from './tables.ts'

const keyCheck = 'key_check'
const purposeOf = (name: string): string => `node_setting.${name}`

async function settingOf(tables: Tables, name: string): Promise<string | null> {
  const [row] = await tables.rows('node_setting', { name })
  return row === undefined ? null : optionalAt(row, 'value')
}

/** The value that is kept; `first` is kept where there is none. */
async function keep(tables: Tables, name: string, first: string): Promise<string> {
  return tables.transaction(async (tx) => {
    const [row] = await tx.rows('node_setting', { name })
    if (row !== undefined) return optionalAt(row, 'value') ?? ''
    await tx.insert('node_setting', { name, value: first })
    return first
  })
}

/**
 * The secrets of a store that nodes share. Throws one plain line when this node's key is not the one that the store's secrets are
 * encrypted with. `configured`: DF_APP_KEY.
 */
export async function sharedKey(tables: Tables, configured: KeyObject | null, dataDir: string): Promise<Secrets> {
  const known = await settingOf(tables, keyCheck)
  // A key that was made now could not fit.
  if (known !== null && configured === null && newKeyNeeded(dataDir)) throw new Error(misfit)
  const box = secrets(configured ?? keyOfFolder(dataDir))
  const sealed = known ?? (await keep(tables, keyCheck, box.seal(keyCheck, purposeOf(keyCheck))))
  if (box.tryOpen(sealed, purposeOf(keyCheck)) === null) throw new Error(misfit)
  return box
}

const misfit =
  'The secrets in the system store (DF_SYSTEM_DB) were encrypted with another key. Every node needs the same one: set DF_APP_KEY to that of the first node, or copy app.key from its data folder.'

/** The name of this installation, the same for all its nodes. */
export const installationId = (tables: Tables): Promise<string> => keep(tables, 'installation', randomUUID())

export const sharedSecrets = (tables: Tables, box: Secrets): SharedSecrets => ({
  async secret(name, first) {
    const known = await settingOf(tables, name)
    const sealed = known ?? (await keep(tables, name, box.seal(await first(), purposeOf(name))))
    return box.open(sealed, purposeOf(name))
  },
})
