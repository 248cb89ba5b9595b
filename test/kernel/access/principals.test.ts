import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Credentials, Identity } from '../../../kernel/access/identity.ts'
import { Principals } from '../../../kernel/access/principals.ts'
import { TokenAuthority } from '../../../kernel/access/tokens.ts'
import { TooManyRequests } from '../../../kernel/errors.ts'
import type { Accounts, App, Lookup, TokenClaims, UserFacts, Verb } from '../../../kernel/plugins/contract.ts'
import { app, type Configured, role, snapshot, user } from '../../support/access.ts'

const at = 1_800_000_000
const shown = (value: string): Lookup => ({ value, private: false })
const reader = role([], { id: 1, name: 'reader', lookups: { dept: shown('d005'), level: shown('role') } })
const writer = role([], { id: 2, name: 'writer' })
const web = app({ roleId: 1, lookups: { level: shown('app'), color: shown('red') } })
const other = app({ id: 5, name: 'other', apiKey: 'other' })
const off = app({ id: 6, name: 'off', apiKey: 'off', isActive: false })
const base: Configured = {
  apps: [web, other, off],
  roles: [reader, writer],
  lookups: { level: shown('system'), site: shown('north'), pin: { value: '1', private: true } },
}

/** A server with one user, whose every question to Accounts is counted. */
function server(facts: UserFacts | null = user(), options: { readonly late?: boolean; readonly most?: number } = {}) {
  let now = at
  let current = snapshot(base)
  let known = facts
  const revoked = new Set<string>()
  const asked: string[] = []
  const give = <T>(value: T): T | Promise<T> => (options.late ? Promise.resolve(value) : value)
  const accounts: Accounts = {
    user(id) {
      asked.push(`user ${id}`)
      return give(known !== null && known.id === id ? known : null)
    },
    async authenticate(login, password, kind, address) {
      asked.push(`authenticate ${login} ${kind} ${address}`)
      if (password === 'too often') throw new TooManyRequests('Too many attempts.')
      return password === 'right' ? known : null
    },
    isRevoked: (claims) => give(revoked.has(claims.jti)),
    revoke: async (claims: TokenClaims) => void revoked.add(claims.jti),
    subscribe: () => () => {},
  }
  const tokens = new TokenAuthority(
    Buffer.from('sixteen characters'),
    { jwtTtlMinutes: 60, allowForeverSessions: false, jwtUserClaims: [] },
    () => null,
    () => now * 1000,
  )
  const principals = new Principals({
    snapshot: () => current,
    accounts: () => accounts,
    tokens,
    about: { name: 'Test', version: '1.2.3' },
    now: () => now * 1000,
    most: options.most ?? 100,
  })
  return {
    asked,
    principals,
    accounts,
    tokens,
    pass(seconds: number) {
      now += seconds
    },
    replace(configured: Configured) {
      current = snapshot({ ...base, ...configured })
    },
    change(facts: UserFacts | null) {
      known = facts
    },
    issue: (who = { id: 7, email: 'ann@example.org' }) => tokens.issue(who, 'x', { forever: false }),
    identify: (sent: Partial<Credentials>, verb: Verb = 'GET', service = 'db', path: readonly string[] = []) =>
      principals.identify(
        { apiKey: null, token: null, basic: null, address: '10.0.0.1', ...sent },
        verb,
        service,
        path,
      ),
  }
}

const facts = ({ caller, problem, sentKey, sentToken }: Identity) => ({
  user: caller.user?.id ?? null,
  app: caller.app?.id ?? null,
  role: caller.role?.id ?? null,
  admin: caller.admin,
  problem: problem === null ? null : `${problem.status} ${problem.message}`,
  sent: `${sentKey ? 'key' : ''}${sentToken ? 'token' : ''}`,
})
const nobody = { user: null, app: null, role: null, admin: false, problem: null, sent: '' }

interface Case {
  readonly name: string
  readonly user?: UserFacts | null
  readonly key?: string
  readonly token?: string | true
  readonly basic?: Credentials['basic']
  readonly expect: Partial<ReturnType<typeof facts>>
}
const pair = (appId: number, roleId: number) => ({ app: appId, role: roleId })
const expired =
  '401 Token has expired: Session expired. Please refresh your token (if still within refresh window) or re-login.'

const cases: readonly Case[] = [
  { name: 'nothing', expect: {} },
  { name: 'an unknown key', key: 'bogus', expect: { sent: 'key' } },
  { name: "a key: the app's role", key: web.apiKey, expect: { app: 4, role: 1, sent: 'key' } },
  { name: 'a key without a role', key: 'other', expect: { app: 5, sent: 'key' } },
  { name: 'a key of an inactive app', key: 'off', expect: { app: 6, problem: '403 App is not active.', sent: 'key' } },
  { name: 'a token without a key has no role', token: true, expect: { user: 7, sent: 'token' } },
  {
    name: "a token and a key: the app's role when nothing is assigned",
    token: true,
    key: web.apiKey,
    expect: { user: 7, app: 4, role: 1, sent: 'keytoken' },
  },
  {
    name: 'the role of the pair',
    user: user({ assignments: [pair(5, 1), pair(4, 2)] }),
    token: true,
    key: web.apiKey,
    expect: { user: 7, app: 4, role: 2, sent: 'keytoken' },
  },
  {
    name: 'else of any assignment',
    user: user({ assignments: [pair(9, 2)] }),
    token: true,
    key: web.apiKey,
    expect: { user: 7, app: 4, role: 2, sent: 'keytoken' },
  },
  {
    name: 'an assigned role that is gone',
    user: user({ assignments: [pair(4, 99)] }),
    token: true,
    key: web.apiKey,
    expect: { user: 7, app: 4, sent: 'keytoken' },
  },
  {
    name: 'an administrator',
    user: user({ isSysAdmin: true }),
    token: true,
    expect: { user: 7, admin: true, sent: 'token' },
  },
  {
    name: 'an administrator with an assignment is restricted',
    user: user({ isSysAdmin: true, assignments: [pair(4, 1)] }),
    token: true,
    expect: { user: 7, sent: 'token' },
  },
  {
    name: 'a token that is none',
    token: 'garbage',
    expect: { problem: '401 Invalid token: Wrong number of segments', sent: 'token' },
  },
  {
    name: 'a bad token beside a good key',
    token: 'garbage',
    key: web.apiKey,
    expect: { app: 4, role: 1, problem: '401 Invalid token: Wrong number of segments', sent: 'keytoken' },
  },
  {
    name: 'a user who is gone',
    user: null,
    token: true,
    expect: { problem: '401 Invalid token: User verification failed.', sent: 'token' },
  },
  {
    name: 'a user whose email changed',
    user: user({ email: 'new@example.org' }),
    token: true,
    expect: { problem: '401 Invalid token: User verification failed.', sent: 'token' },
  },
  {
    name: 'an inactive user',
    user: user({ isActive: false, isSysAdmin: true }),
    token: true,
    expect: { user: 7, problem: '403 User is not active.', sent: 'token' },
  },
  {
    name: 'a token from before the last change of the password',
    user: user({ tokensValidFrom: at + 1 }),
    token: true,
    expect: { problem: '403 The token has been blacklisted: Session terminated. Please re-login.', sent: 'token' },
  },
  {
    name: 'a token of the same second',
    user: user({ tokensValidFrom: at }),
    token: true,
    expect: { user: 7, sent: 'token' },
  },
  {
    name: 'Basic',
    basic: { login: 'ann@example.org', password: 'right' },
    key: web.apiKey,
    expect: { user: 7, app: 4, role: 1, sent: 'keytoken' },
  },
  {
    name: 'Basic, wrong',
    basic: { login: 'ann@example.org', password: 'wrong' },
    expect: { problem: '401 Unauthorized. User credentials did not match.', sent: 'token' },
  },
  {
    name: 'Basic, too often',
    basic: { login: 'ann@example.org', password: 'too often' },
    expect: { problem: '429 Too many attempts.', sent: 'token' },
  },
  {
    name: 'a token comes before Basic',
    token: 'garbage',
    basic: { login: 'ann@example.org', password: 'right' },
    expect: { problem: '401 Invalid token: Wrong number of segments', sent: 'token' },
  },
]

for (const { name, user: who = user(), key = null, token, basic = null, expect } of cases) {
  for (const late of [false, true]) {
    test(`identify${late ? ', late' : ''}: ${name}`, async () => {
      const { issue, identify } = server(who, { late })
      const identity = await identify({ apiKey: key, token: token === true ? await issue() : (token ?? null), basic })
      assert.deepEqual(facts(identity), { ...nobody, ...expect })
    })
  }
}

test('identify: a login ignores every credential but the key, a refresh hands its token on unverified', async () => {
  const { identify } = server()
  const sent = { token: 'stale', apiKey: web.apiKey }
  for (const [service, path] of [
    ['user', ['session']],
    ['system', ['admin', 'session']],
  ] as const) {
    assert.deepEqual(facts(await identify(sent, 'POST', service, path)), { ...nobody, app: 4, role: 1, sent: 'key' })
    const refresh = await identify(sent, 'PUT', service, path)
    assert.deepEqual(facts(refresh), { ...nobody, app: 4, role: 1, sent: 'keytoken' })
    assert.equal(refresh.caller.unverifiedToken, 'stale')
    assert.match(facts(await identify(sent, 'GET', service, path)).problem ?? '', /^401 Invalid token/)
  }
  assert.match(facts(await identify(sent, 'POST', 'user', ['session', 'x'])).problem ?? '', /^401 Invalid token/)
  assert.match(facts(await identify(sent, 'POST', 'other', ['session'])).problem ?? '', /^401 Invalid token/)
})

test('identify: a known caller costs no question and no promise', async () => {
  const { asked, issue, identify } = server(user(), { late: true })
  const sent = { token: await issue(), apiKey: web.apiKey }
  const first = await identify(sent)
  const questions = asked.length
  const second = identify(sent)
  assert.equal(second, first)
  assert.equal(asked.length, questions)
  assert.equal(identify({ apiKey: web.apiKey }), identify({ apiKey: web.apiKey }))
  await identify({ basic: { login: 'ann@example.org', password: 'right' } })
  const before = asked.length
  assert.equal(facts(identify({ basic: { login: 'ann@example.org', password: 'right' } }) as Identity).user, 7)
  assert.equal(asked.length, before)
})

test('identify: the end of a session is seen by a known caller', async () => {
  const { issue, identify, pass } = server()
  const sent = { token: await issue() }
  assert.equal(facts(await identify(sent)).problem, null)
  pass(3599)
  assert.equal(facts(await identify(sent)).problem, null)
  pass(1)
  assert.equal(facts(await identify(sent)).problem, expired)
})

test('identify: expiry is told before revocation', async () => {
  const { issue, identify, pass, accounts, tokens, principals } = server()
  const token = await issue()
  await identify({ token })
  await accounts.revoke(await tokens.read(token))
  principals.drop(7)
  assert.match(facts(await identify({ token })).problem ?? '', /^403 The token has been blacklisted/)
  pass(3600)
  assert.equal(facts(await identify({ token })).problem, expired)
})

test('identify: callers are dropped by notices and by a new snapshot', async () => {
  const { issue, identify, change, principals, replace } = server()
  const sent = { token: await issue(), apiKey: web.apiKey }
  assert.equal(facts(await identify(sent)).role, 1)
  change(user({ assignments: [pair(4, 2)] }))
  principals.drop(8)
  assert.equal(facts(await identify(sent)).role, 1)
  principals.drop(7)
  assert.equal(facts(await identify(sent)).role, 2)
  replace({ version: 2, roles: [reader] })
  assert.equal(facts(await identify(sent)).role, null)
  replace({ version: 3, apps: [{ ...web, isActive: false } satisfies App] })
  assert.equal(facts(await identify({ apiKey: web.apiKey })).problem, '403 App is not active.')
})

test('identify: a caller who was dropped while being looked up is not kept', async () => {
  const { issue, identify, change, principals } = server(user(), { late: true })
  const sent = { token: await issue() }
  const pending = identify(sent)
  change(user({ isActive: false }))
  principals.drop(7)
  await pending
  assert.equal(facts(await identify(sent)).problem, '403 User is not active.')
})

test('identify: callers that are kept have a bound, and junk is not kept', async () => {
  const { issue, identify, principals } = server(user(), { most: 3 })
  for (let index = 0; index < 10; index++) await identify({ token: await issue() })
  assert.equal(principals.size, 3)
  principals.drop(null)
  const token = await issue()
  for (let index = 0; index < 10; index++) {
    await identify({ apiKey: `junk ${index}` })
    await identify({ apiKey: `junk ${index}`, token })
    await identify({ token: `junk ${index}` })
    await identify({ basic: { login: 'x', password: `junk ${index}` } })
  }
  assert.equal(principals.size, 0)
})

test('identify: no token and key make the key of another caller', async () => {
  const { issue, identify } = server(user({ isSysAdmin: true }))
  const token = await issue()
  await identify({ token, apiKey: web.apiKey })
  const cut = token.slice(0, -1)
  assert.match(facts(await identify({ token: cut, apiKey: `${token.slice(-1)}${web.apiKey}` })).problem ?? '', /^401/)
  assert.equal(facts(await identify({ apiKey: `${token}${web.apiKey}` })).user, null)
})

test('identify: lookups, nearest first, without private ones', async () => {
  const facts = user({
    lookups: { level: { value: 'mine', private: true }, 'user.id': shown('1'), nick: shown('annie') },
  })
  const { issue, identify } = server(facts)
  const token = await issue()
  const { caller } = await identify({ token, apiKey: web.apiKey })
  const { lookups } = caller
  assert.equal(Object.getPrototypeOf(lookups), null)
  assert.deepEqual(
    { site: lookups.site, dept: lookups.dept, color: lookups.color, nick: lookups.nick },
    { site: 'north', dept: 'd005', color: 'red', nick: 'annie' },
  )
  assert.equal('pin' in lookups, false)
  assert.equal('level' in lookups, false, 'a private lookup hides the wider ones of its name')
  assert.equal(lookups['user.id'], 7, 'a built-in is not replaced')
  assert.deepEqual(
    [lookups['session.token'], lookups['role.name'], lookups['app.name'], lookups['df.version'], lookups['df.name']],
    [token, 'reader', 'web', '1.2.3', 'Test'],
  )
  const byKey = await identify({ apiKey: web.apiKey })
  assert.equal(byKey.caller.lookups.level, 'role')
  assert.equal('user.id' in byKey.caller.lookups, false)
  assert.equal('session.token' in byKey.caller.lookups, false)
})
