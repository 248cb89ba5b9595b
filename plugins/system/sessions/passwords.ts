/**
 * Hashing of passwords: argon2id in the form of PHC strings, computed off the event loop. Imported bcrypt hashes are verified too
 * and are to be replaced at the next login.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { verifyBcrypt } from './bcrypt.ts'
import { HashQueue } from './hash-queue.ts'
import { compute } from './hash-thread.ts'

/** Cost as OWASP advises for argon2id: memory in KiB. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 } as const
const tagBytes = 32
const saltBytes = 16

export interface Verified {
  readonly ok: boolean
  /** The hash is of an older kind or cost: replace it while the password is known. */
  readonly rehash: boolean
}

/** `$argon2id$v=19$m=...,t=...,p=...$salt$hash` */
export async function hashPassword(password: string, address = ''): Promise<string> {
  const salt = randomBytes(saltBytes)
  const tag = await derive(password, salt, cost.memory, cost.passes, cost.parallelism, tagBytes, address)
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

/**
 * Compares a password with a stored hash; `null` (no account, no password yet) takes as long and is never right. `address` is the
 * client's: those of one address wait for each other. Throws ServiceUnavailable where too many wait.
 */
export async function verifyPassword(password: string, stored: string | null, address = ''): Promise<Verified> {
  if (stored !== null && /^\$2[abxy]\$/.test(stored))
    return { ok: await queue.run(address, () => verifyBcrypt(password, stored)), rehash: true }
  const known = stored === null ? null : readHash(stored)
  const { memory, passes, parallelism, salt, tag } = known ?? nobody
  const derived = await derive(password, salt, memory, passes, parallelism, tag.length, address)
  const ok = timingSafeEqual(derived, tag) && known !== null
  return { ok, rehash: memory !== cost.memory || passes !== cost.passes || parallelism !== cost.parallelism }
}

interface Argon2Hash {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Buffer
  readonly tag: Buffer
}

const nobody: Argon2Hash = { ...cost, salt: randomBytes(saltBytes), tag: randomBytes(tagBytes) }

function readHash(stored: string): Argon2Hash | null {
  const parts =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,})\$([A-Za-z0-9+/]{22,})$/.exec(stored)
  if (parts === null) return null
  const [, memory, passes, parallelism, salt = '', tag = ''] = parts
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/** They take a processor each, which requests need too. */
export const hashesAtOnce = Math.max(1, Math.floor(availableParallelism() / 2))

const queue = new HashQueue({ atOnce: hashesAtOnce })

function derive(
  password: string,
  nonce: Buffer,
  memory: number,
  passes: number,
  parallelism: number,
  tagLength: number,
  address: string,
): Promise<Buffer> {
  const message = Buffer.from(password, 'utf8')
  return queue.run(address, () => compute({ kind: 'argon2id', message, nonce, memory, passes, parallelism, tagLength }))
}
