/** Forged, expired and foreign tokens (class 5). `secret` signs the tokens of the house. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { isRefused, key, list, type People, password, type Signed, session } from '../people.ts'

export function tokens({ house, fresh, send, admin, login, seen, signedIn }: People, secret: string): void {
  describe('tokens', () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = (token: string): { readonly [name: string]: unknown } =>
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const sign = (payload: object, { alg = 'HS256', by = secret, more = {} } = {}): string => {
      const content = `${part({ typ: 'JWT', alg, ...more })}.${part(payload)}`
      const hash = alg === 'HS512' ? 'sha512' : 'sha256'
      return `${content}.${createHmac(hash, by).update(content).digest('base64url')}`
    }
    const now = Math.floor(Date.now() / 1000)
    const forgeries: readonly {
      readonly name: string
      readonly forge: (token: string, admin: string) => string
      readonly fine?: true
    }[] = [
      { name: 'signed as it should be', forge: (token) => sign({ ...claims(token), jti: fresh() }), fine: true },
      { name: 'of no algorithm', forge: (token) => `${part({ typ: 'JWT', alg: 'none' })}.${token.split('.')[1]}.` },
      {
        name: 'of no algorithm, signed',
        forge: (token) => `${part({ typ: 'JWT', alg: 'none' })}.${token.split('.').slice(1).join('.')}`,
      },
      { name: 'of an algorithm without a kind', forge: (token) => sign(claims(token), { alg: 'nOnE' }) },
      { name: 'of another algorithm with the right secret', forge: (token) => sign(claims(token), { alg: 'HS512' }) },
      { name: 'that says RS256', forge: (token) => sign(claims(token), { alg: 'RS256' }) },
      {
        name: 'signed with another secret',
        forge: (token) => sign(claims(token), { by: 'another secret of the same length....' }),
      },
      { name: 'signed with an empty secret', forge: (token) => sign(claims(token), { by: '' }) },
      { name: 'without its signature', forge: (token) => token.split('.').slice(0, 2).join('.') },
      { name: 'with an empty signature', forge: (token) => `${token.split('.').slice(0, 2).join('.')}.` },
      { name: 'with a letter more', forge: (token) => `${token}A` },
      { name: 'with a part more', forge: (token) => `${token}.x` },
      {
        name: "with another's payload",
        forge: (token, other) => [token.split('.')[0], other.split('.')[1], token.split('.')[2]].join('.'),
      },
      { name: 'with demands of its own', forge: (token) => sign(claims(token), { more: { crit: ['exp'] } }) },
      { name: 'that has expired', forge: (token) => sign({ ...claims(token), exp: now - 10 }) },
      { name: 'that is not valid yet', forge: (token) => sign({ ...claims(token), nbf: now + 1000 }) },
      { name: 'of the administrator by number alone', forge: (token) => sign({ ...claims(token), user_id: 1 }) },
      { name: 'of nobody', forge: (token) => sign({ ...claims(token), user_id: 99_999 }) },
      { name: 'of an object', forge: (token) => sign({ ...claims(token), user_id: { id: 1 } }) },
      { name: 'without a user', forge: (token) => sign({ ...claims(token), user_id: null }) },
      { name: 'without an end', forge: (token) => sign({ ...claims(token), exp: undefined }) },
      { name: 'with a text for an end', forge: (token) => sign({ ...claims(token), exp: '9999999999' }) },
      { name: 'of before the password changed', forge: (token) => sign({ ...claims(token), iat: 1, jti: fresh() }) },
      { name: 'that is no JSON', forge: () => 'e30.bm90anNvbg.x' },
      { name: 'that is a key', forge: () => house.keys.reader },
    ]
    let signed: Signed | null = null
    for (const { name, forge, fine = false } of forgeries) {
      test(name, async () => {
        signed ??= await signedIn()
        if (name.startsWith('of before')) {
          await admin(`PATCH /system/user/${signed.user.id}`, { password })
          signed = { ...signed, token: await login(signed.user) }
        }
        const status = await seen(session(forge(signed.token, house.token), signed.app.key))
        if (fine) assert.equal(status, 200)
        else isRefused(status)
      })
    }
    test('of a user who is no longer active, signed since', async () => {
      const { user, token, app } = await signedIn()
      await admin(`PATCH /system/user/${user.id}`, { is_active: false })
      isRefused(await seen(session(sign({ ...claims(token), iat: now + 600, jti: fresh() }), app.key)))
    })
    test('a bad token is refused where nothing else is asked for', async () => {
      for (const ask of ['GET /system/environment', 'GET /user/profile', 'POST /user/password', 'GET /api_docs'])
        isRefused((await send(ask, session('e30.e30.x', house.keys.reader))).status)
    })
    test('a bad token is no visitor', async () => isRefused(await seen(session('garbage', house.keys.reader))))
    test('a bearer token and a session token are one', async () => {
      const { token, app } = await signedIn()
      assert.equal(await seen({ Authorization: `Bearer ${token}`, ...key(app.key) }), 200)
      await send('DELETE /user/session', { Authorization: `Bearer ${token}` })
      isRefused(await seen({ Authorization: `Bearer ${token}`, ...key(app.key) }))
      isRefused(await seen(session(token, app.key)))
      isRefused((await send(`${list}?session_token=${token}`, key(app.key))).status)
    })
    test('a cookie is no credential', async () => {
      isRefused(await seen({ Cookie: `session_token=${house.token}` }))
      isRefused(await seen({ Cookie: `api_key=${house.keys.reader}` }))
    })
    test('one token of two: the refreshed one', async () => {
      const { token } = await signedIn()
      const answers = await Promise.all([
        send('PUT /user/session', session(token)),
        send('PUT /user/session', session(token)),
      ])
      assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    })
  })
}
