/** Hashes of passwords: ours and imported ones. */
import assert from 'node:assert/strict'
import { argon2Sync } from 'node:crypto'
import { test } from 'node:test'
import { hashPassword, verifyPassword } from '../../../plugins/system/sessions/passwords.ts'

const ours = await hashPassword('correct horse')

/** What an older version with lower costs would have stored. */
function weaker(password: string): string {
  const nonce = Buffer.from('somesaltsomesalt')
  const tag = argon2Sync('argon2id', {
    message: password,
    nonce,
    memory: 1024,
    passes: 1,
    parallelism: 1,
    tagLength: 32,
  })
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=1024,t=1,p=1$${text(nonce)}$${text(tag)}`
}

test('a hash names its algorithm and costs, and has a salt of its own', async () => {
  assert.match(ours, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/)
  assert.notEqual(ours, await hashPassword('correct horse'))
})

test('verification', async (t) => {
  // bcrypt of 'U*U' from the algorithm's own test vectors, and the same as PHP marks it.
  const php = '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
  const vector = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
  const cases = [
    { name: 'the right password', password: 'correct horse', stored: ours, ok: true, rehash: false },
    { name: 'a wrong one', password: 'correct horsE', stored: ours, ok: false, rehash: false },
    { name: 'an empty one', password: '', stored: ours, ok: false, rehash: false },
    { name: 'no account', password: 'correct horse', stored: null, ok: false, rehash: false },
    { name: 'an imported hash', password: 'U*U', stored: vector, ok: true, rehash: true },
    { name: 'an imported hash of PHP', password: 'U*U', stored: php, ok: true, rehash: true },
    { name: 'an imported hash, wrong password', password: 'U*V', stored: vector, ok: false, rehash: true },
    {
      name: 'bcrypt of an absurd cost is not computed',
      password: 'U*U',
      stored: vector.replace('$05$', '$31$'),
      ok: false,
      rehash: true,
    },
    { name: 'no hash at all', password: 'plain', stored: 'plain', ok: false, rehash: false },
    { name: 'half a hash', password: 'correct horse', stored: ours.slice(0, 40), ok: false, rehash: false },
    { name: 'of lower costs', password: 'correct horse', stored: weaker('correct horse'), ok: true, rehash: true },
    {
      name: 'of lower costs, wrong password',
      password: 'no',
      stored: weaker('correct horse'),
      ok: false,
      rehash: true,
    },
  ]
  for (const { name, password, stored, ok, rehash } of cases) {
    await t.test(name, async () => assert.deepEqual(await verifyPassword(password, stored), { ok, rehash }))
  }
})

test('many at once all get their answer', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => verifyPassword(index % 2 === 0 ? 'correct horse' : 'no', ours)),
  )
  assert.deepEqual(
    answers.map((each) => each.ok),
    [true, false, true, false, true, false, true, false],
  )
})
