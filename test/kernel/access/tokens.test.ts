import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { jwtVerify } from 'jose'
import { loadSecret, subjectOf, TokenAuthority } from '../../../kernel/access/tokens.ts'
import { Unauthorized } from '../../../kernel/errors.ts'
import { user } from '../../support/access.ts'

const secret = Buffer.from('a secret of more than sixteen characters')
const settings = { jwtTtlMinutes: 60, allowForeverSessions: true, jwtUserClaims: [] as readonly string[] }
const at = 1_800_000_000
const tokens = new TokenAuthority(
  secret,
  settings,
  () => null,
  () => at * 1000,
)
const ann = { id: 7, email: 'ann@example.org' }

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const sign = (content: string, algorithm = 'sha256', key: Uint8Array = secret): string =>
  createHmac(algorithm, key).update(content).digest('base64url')
const header = { typ: 'JWT', alg: 'HS256' }
const claims = { sub: subjectOf(ann.email), user_id: 7, iat: at, exp: at + 60, nbf: at, jti: 'x', forever: false }
function make(head: unknown, body: unknown): string {
  const content = `${part(head)}.${part(body)}`
  return `${content}.${sign(content)}`
}

test('tokens: issued ones have the claims of the contract, and jose agrees', async () => {
  const token = await tokens.issue(ann, 'http://h/api/v2/user/session', { forever: true })
  const { payload, protectedHeader } = await jwtVerify(token, secret, { currentDate: new Date(at * 1000) })
  assert.deepEqual(protectedHeader, header)
  const { jti, ...rest } = payload
  assert.match(String(jti), /^[A-Za-z0-9]{16}$/)
  assert.deepEqual(rest, {
    sub: subjectOf(ann.email),
    iss: 'http://h/api/v2/user/session',
    iat: at,
    exp: at + 3600,
    nbf: at,
    user_id: 7,
    forever: true,
  })
  assert.deepEqual(await tokens.read(token), {
    sub: subjectOf(ann.email),
    user_id: 7,
    iat: at,
    exp: at + 3600,
    nbf: at,
    jti,
    forever: true,
  })
})

test('tokens: a refresh keeps the first issue, forever needs the setting, claims of the user are added', async () => {
  const one = await tokens.read(await tokens.issue(ann, 'x', { forever: false, iat: at - 500 }))
  assert.deepEqual([one.iat, one.exp], [at - 500, at + 3600])
  const strict = new TokenAuthority(
    secret,
    { ...settings, allowForeverSessions: false, jwtUserClaims: ['first_name', 'password'] },
    () => user(),
    () => at * 1000,
  )
  const token = await strict.issue(ann, 'x', { forever: true })
  assert.equal((await strict.read(token)).forever, false)
  const { payload } = await jwtVerify(token, secret, { currentDate: new Date(at * 1000) })
  assert.equal(payload.first_name, 'Ann')
  assert.equal('password' in payload, false)
})

const good = make(header, claims)
const [goodHead = '', goodBody = '', goodSignature = ''] = good.split('.')
const noneHead = part({ typ: 'JWT', alg: 'none' })
const otherHead = part({ typ: 'JWT', alg: 'HS512' })

const bad: readonly { readonly name: string; readonly token: string; readonly message: RegExp }[] = [
  { name: 'no dots', token: 'garbage', message: /^Wrong number of segments$/ },
  { name: 'empty', token: '', message: /^Wrong number of segments$/ },
  { name: 'four parts', token: `${good}.x`, message: /^Wrong number of segments$/ },
  { name: 'parts that are no JSON', token: 'a.b.c', message: /^Could not decode token: / },
  { name: 'a header that is no object', token: make('[1]', claims), message: /^Could not decode token: / },
  { name: 'a body that is null', token: make(header, 'null'), message: /^Could not decode token: / },
  {
    name: 'another signature',
    token: `${goodHead}.${goodBody}.${sign('x')}`,
    message: /^Token Signature could not be verified\.$/,
  },
  {
    name: 'another key',
    token: `${goodHead}.${goodBody}.${sign(`${goodHead}.${goodBody}`, 'sha256', Buffer.from('y'))}`,
    message: /^Token Signature/,
  },
  { name: 'no signature', token: `${goodHead}.${goodBody}.`, message: /^Token Signature/ },
  {
    name: 'changed claims',
    token: `${goodHead}.${part({ ...claims, user_id: 1 })}.${goodSignature}`,
    message: /^Token Signature/,
  },
  { name: 'the same bytes in another spelling', token: `${good}=`, message: /^Token Signature/ },
  { name: 'a byte that base64 skips', token: `${good}\0`, message: /^Token Signature/ },
  { name: 'alg none', token: `${noneHead}.${goodBody}.`, message: /^Token Signature/ },
  { name: 'alg none, signed', token: make({ typ: 'JWT', alg: 'none' }, claims), message: /^Token Signature/ },
  {
    name: 'another alg that fits',
    token: `${otherHead}.${goodBody}.${sign(`${otherHead}.${goodBody}`, 'sha512')}`,
    message: /^Token Signature/,
  },
  { name: 'a critical extension', token: make({ ...header, crit: ['exp'] }, claims), message: /^Token Signature/ },
  {
    name: 'a claim missing',
    token: make(header, { ...claims, forever: undefined }),
    message: /^JWT payload does not contain the required claims$/,
  },
  {
    name: 'a user id that is no number',
    token: make(header, { ...claims, user_id: { $gt: 0 } }),
    message: /required claims$/,
  },
  { name: 'an end that is a text', token: make(header, { ...claims, exp: 'never' }), message: /required claims$/ },
]
for (const { name, token, message } of bad) {
  test(`tokens: refused: ${name}`, () => {
    assert.throws(
      () => tokens.verify(token),
      (error: unknown) => error instanceof Unauthorized && message.test(error.message),
    )
  })
}

test('tokens: one of another issuer counts, expired or without an id', () => {
  const { jti, nbf } = tokens.verify(make(header, { ...claims, exp: 5, jti: undefined, nbf: undefined }))
  assert.match(jti, /^[0-9a-f]{64}$/)
  assert.equal(nbf, at)
})

test('tokens: the secret is generated once, for its owner alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dataferry-'))
  try {
    const file = join(folder, 'deep', 'jwt.secret')
    const [one, two] = await Promise.all([loadSecret(null, file), loadSecret(null, file)])
    assert.deepEqual(one, two)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.equal((await readFile(file, 'utf8')).length, 64)
    assert.deepEqual(await loadSecret('as configured', file), Buffer.from('as configured'))
    await writeFile(file, 'short')
    await assert.rejects(loadSecret(null, file), /holds no secret/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
