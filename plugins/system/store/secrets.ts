/**
 * Encryption of what the system store keeps secret: secrets of service configurations and the values of lookups. AES-256-GCM
 * under one key, which comes from the settings or from a file that is made at the first start.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** What a protected value reads as; sent back, it means: unchanged (control-plane 4.3). */
export const mask = '**********'

const version = 'v1:'
const keyBytes = 32
const ivBytes = 12
const tagBytes = 16

export interface Secrets {
  /** The text, encrypted: `v1:` and base64url of iv, tag and cipher text. `purpose` must be the same when it is opened. */
  seal(text: string, purpose: string): string
  /** Throws when the key or the purpose is another one, or when the text was changed. */
  open(sealed: string, purpose: string): string
  /** The same, and null where it throws: what is lost must not take the rest along. */
  tryOpen(sealed: string, purpose: string): string | null
}

export function secrets(key: KeyObject): Secrets {
  const box: Secrets = {
    seal(text, purpose) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return version + Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
    },
    open(sealed, purpose) {
      if (!isSealed(sealed)) throw new Error('a secret of the system store is not in a format that this version knows')
      const bytes = Buffer.from(sealed.slice(version.length), 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
      try {
        decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
        return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new Error('a secret of the system store was encrypted with another key (DF_APP_KEY, app.key)', { cause })
      }
    },
    tryOpen(sealed, purpose) {
      try {
        return box.open(sealed, purpose)
      } catch {
        return null
      }
    },
  }
  return box
}

export function isSealed(text: string): boolean {
  return text.startsWith(version)
}

/** Whether `keyOfFolder` would make one. */
export const newKeyNeeded = (dataDir: string): boolean => !existsSync(join(dataDir, 'app.key'))

/** The key of `app.key` in the data folder, which is made with mode 0600 when it is missing. */
export function keyOfFolder(dataDir: string): KeyObject {
  const file = join(dataDir, 'app.key')
  const found = readKey(file)
  if (found !== null) return found
  let handle: number
  try {
    handle = openSync(file, 'wx', 0o600)
  } catch (thrown) {
    // Another process made it meanwhile.
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return readKey(file) ?? keyOfFolder(dataDir)
    throw thrown
  }
  try {
    const bytes = randomBytes(keyBytes)
    writeSync(handle, `${bytes.toString('base64')}\n`)
    fsyncSync(handle)
    return createSecretKey(bytes)
  } finally {
    closeSync(handle)
  }
}

function readKey(file: string): KeyObject | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw thrown
  }
  const bytes = Buffer.from(text.trim(), 'base64')
  if (bytes.length !== keyBytes) throw new Error(`${file} must hold ${keyBytes} bytes in base64`)
  return createSecretKey(bytes)
}
