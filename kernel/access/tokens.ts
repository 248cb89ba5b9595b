/**
 * Session tokens: JSON web tokens with HS256 (control-plane 1.4). Issued and verified here by one HMAC, because that is on the way
 * of every request whose caller is not known yet, and takes a twentieth of the time of a library that asks the pool of threads. The
 * algorithm is never chosen by the token.
 */
import { createHash, createHmac, createSecretKey, type KeyObject, randomInt, timingSafeEqual } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, readFile, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Forbidden, Unauthorized } from '../errors.ts'
import { makeFolder } from '../folders.ts'
import type { Json, TokenClaims, Tokens, UserFacts } from '../plugins/contract.ts'

/** The library's own messages that clients know (control-plane 0.4). */
export const details = {
  segments: 'Wrong number of segments',
  signature: 'Token Signature could not be verified.',
  claims: 'JWT payload does not contain the required claims',
  tooEarly: 'Not Before (nbf) timestamp cannot be in the future',
  user: 'User verification failed.',
  expired: 'Token has expired',
  revoked: 'The token has been blacklisted',
} as const

export const sessionExpired = (): Unauthorized =>
  new Unauthorized(
    `${details.expired}: Session expired. Please refresh your token (if still within refresh window) or re-login.`,
  )
export const sessionEnded = (): Forbidden => new Forbidden(`${details.revoked}: Session terminated. Please re-login.`)
export const invalidToken = (detail: string): Unauthorized => new Unauthorized(`Invalid token: ${detail}`)

export interface TokenSettings {
  readonly jwtTtlMinutes: number
  readonly allowForeverSessions: boolean
  /** Fields of the user that become claims. */
  readonly jwtUserClaims: readonly string[]
}

/** How a user's facts are found by id, for the claims that carry them. */
export type FindUser = (id: number) => UserFacts | null | Promise<UserFacts | null>

export class TokenAuthority implements Tokens {
  readonly #key: KeyObject
  readonly #settings: TokenSettings
  readonly #findUser: FindUser
  readonly #now: () => number

  /** `now` in milliseconds. */
  constructor(secret: Uint8Array, settings: TokenSettings, findUser: FindUser, now: () => number = Date.now) {
    this.#key = createSecretKey(secret)
    this.#settings = settings
    this.#findUser = findUser
    this.#now = now
  }

  async issue(
    user: { readonly id: number; readonly email: string },
    issuer: string,
    options: { readonly forever: boolean; readonly iat?: number },
  ): Promise<string> {
    const now = Math.floor(this.#now() / 1000)
    const payload = {
      ...(await this.#userClaims(user.id)),
      sub: subjectOf(user.email),
      iss: issuer,
      iat: options.iat ?? now,
      exp: now + this.#settings.jwtTtlMinutes * 60,
      nbf: now,
      jti: randomId(),
      user_id: user.id,
      forever: options.forever && this.#settings.allowForeverSessions,
    }
    const content = `${issuedHead}.${encoded(payload)}`
    return `${content}.${this.#signature(content)}`
  }

  async read(token: string): Promise<TokenClaims> {
    return this.verify(token)
  }

  /** The claims of a token whose signature and shape are right. Throws Unauthorized whose message is the contract's detail. */
  verify(token: string): TokenClaims {
    const parts = token.split('.')
    const [head, body, signature] = parts
    if (parts.length !== 3 || head === undefined || body === undefined || signature === undefined) {
      throw new Unauthorized(details.segments)
    }
    const header = decode(head)
    const payload = decode(body)
    if (header.alg !== 'HS256' || 'crit' in header || !this.#signed(`${head}.${body}`, signature)) {
      throw new Unauthorized(details.signature)
    }
    return claimsOf(payload, token)
  }

  #signature(content: string): string {
    return createHmac('sha256', this.#key).update(content).digest('base64url')
  }

  // Texts are compared, not decoded bytes: a base64 text that decodes to the same bytes is another token.
  #signed(content: string, signature: string): boolean {
    const right = Buffer.from(this.#signature(content))
    const given = Buffer.from(signature)
    return right.length === given.length && timingSafeEqual(right, given)
  }

  async #userClaims(id: number): Promise<{ readonly [name: string]: Json }> {
    if (this.#settings.jwtUserClaims.length === 0) return {}
    const user = await this.#findUser(id)
    if (user === null) return {}
    const fields: { readonly [name: string]: Json } = {
      id: user.id,
      name: user.name,
      username: user.username,
      first_name: user.firstName,
      last_name: user.lastName,
      email: user.email,
      phone: user.phone,
      is_active: user.isActive,
      default_app_id: user.defaultAppId,
      last_login_date: user.lastLoginDate,
    }
    const wanted = this.#settings.jwtUserClaims.filter((name) => Object.hasOwn(fields, name))
    return Object.fromEntries(wanted.map((name) => [name, fields[name] ?? null]))
  }
}

/** `sub`: it changes with the email, which ends the tokens of before. */
export function subjectOf(email: string): string {
  return createHash('md5').update(email).digest('hex')
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value), 'utf8').toString('base64url')
const issuedHead = encoded({ typ: 'JWT', alg: 'HS256' })

function decode(part: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as { readonly [name: string]: unknown }
  } catch {
    // Not JSON: told below, as any other content that is no object.
  }
  throw new Unauthorized('Could not decode token: Error while decoding from JSON')
}

function claimsOf(payload: { readonly [name: string]: unknown }, token: string): TokenClaims {
  const { sub, user_id, iat, exp, nbf, jti, forever } = payload
  const user = typeof user_id === 'string' && /^\d+$/.test(user_id) ? Number(user_id) : user_id
  const complete =
    typeof sub === 'string' &&
    Number.isSafeInteger(user) &&
    typeof iat === 'number' &&
    typeof exp === 'number' &&
    forever !== undefined
  if (!complete) throw new Unauthorized(details.claims)
  return {
    sub,
    user_id: user as number,
    iat,
    exp,
    nbf: typeof nbf === 'number' ? nbf : iat,
    // A token of another issuer may have no id; it can be revoked all the same.
    jti: typeof jti === 'string' && jti !== '' ? jti : createHash('sha256').update(token).digest('hex'),
    forever: forever === true || forever === 1,
  }
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function randomId(): string {
  return Array.from({ length: 16 }, () => letters[randomInt(letters.length)]).join('')
}

/** The secret of the settings, or the one in `file`, which is generated (mode 0600) when it is missing. */
export async function loadSecret(configured: string | null, file: string): Promise<Uint8Array> {
  if (configured !== null) return Buffer.from(configured, 'utf8')
  if (!existsSync(file)) {
    makeFolder(dirname(file))
    await create(file, newSecret())
  }
  return readSecret(file)
}

/** What a node brings where the secret is kept for all nodes: that of `file`, from the time when it was alone, or a new one. */
export async function firstSecret(file: string): Promise<string> {
  return existsSync(file) ? (await readSecret(file)).toString('utf8') : newSecret()
}

const newSecret = (): string => Array.from({ length: 64 }, () => letters[randomInt(letters.length)]).join('')

/** All or nothing, and never over a file that is there: of two servers that start at once, one writes. */
async function create(file: string, content: string): Promise<void> {
  const draft = `${file}.${randomId()}`
  await writeFile(draft, content, { mode: 0o600, flag: 'wx', flush: true })
  try {
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
}

async function readSecret(file: string): Promise<Buffer> {
  const secret = (await readFile(file, 'utf8')).trim()
  if (secret.length < 32)
    throw new Error(`${file} holds no secret of at least 32 characters; remove it to have a new one made`)
  return Buffer.from(secret, 'utf8')
}
