/** Encryption at rest: what comes back, what does not, and where the key comes from. */
import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isSealed, keyOfFolder, secrets } from '../../../plugins/system/store/secrets.ts'

const box = secrets(createSecretKey(randomBytes(32)))
const folder = mkdtempSync(join(tmpdir(), 'dataferry-secrets-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('a text comes back as it was', async (t) => {
  for (const text of ['', 'secret', 'v1:not sealed', 'čšž 漢字 \u{1f511}', 'x'.repeat(100_000)]) {
    await t.test(JSON.stringify(text.slice(0, 20)), () => {
      const sealed = box.seal(text, 'a')
      assert.equal(box.open(sealed, 'a'), text)
      assert.ok(isSealed(sealed))
      assert.ok(text === '' || !sealed.includes(text))
    })
  }
})

test('one text is never sealed the same way twice', () => {
  assert.notEqual(box.seal('secret', 'a'), box.seal('secret', 'a'))
})

test('what can not be opened', async (t) => {
  const sealed = box.seal('secret', 'a')
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  const cases = [
    { name: 'under another purpose', open: () => box.open(sealed, 'b') },
    { name: 'with another key', open: () => secrets(createSecretKey(randomBytes(32))).open(sealed, 'a') },
    { name: 'changed', open: () => box.open(`v1:${bytes.toString('base64url')}`, 'a') },
    { name: 'cut', open: () => box.open(sealed.slice(0, 12), 'a') },
    { name: 'of another format', open: () => box.open('v9:abc', 'a') },
  ]
  for (const { name, open } of cases) {
    await t.test(name, () => assert.throws(open, /^Error: a secret of the system store /))
  }
})

test('the key of a folder is made once, and for its owner only', () => {
  const first = keyOfFolder(folder)
  assert.ok(first.equals(keyOfFolder(folder)))
  if (process.platform !== 'win32') assert.equal(statSync(join(folder, 'app.key')).mode & 0o777, 0o600)
})

test('a key file of a wrong length is refused', () => {
  const other = mkdtempSync(join(folder, 'short-'))
  writeFileSync(join(other, 'app.key'), 'c2hvcnQ=\n')
  assert.throws(() => keyOfFolder(other), /must hold 32 bytes in base64/)
})
