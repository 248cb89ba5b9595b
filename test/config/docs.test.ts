/** docs/configuration.md is what the schema says. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { configurationPage } from '../../config/docs.ts'
import { settings } from '../../config/load.ts'
import { sections } from '../../config/schema.ts'

test('docs/configuration.md is up to date (npm run docs:config)', () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  assert.equal(page, configurationPage())
})

test('every setting is in a section of the page', () => {
  const page = configurationPage()
  for (const { setting, path } of settings()) {
    assert.ok(page.includes(`| \`${setting.env}\``), setting.env)
    if (path.length > 1) assert.ok(Object.hasOwn(sections, path[0] ?? ''), path[0])
  }
})

test('no name is used twice', () => {
  const names = settings().flatMap(({ setting }) => [setting.env, ...setting.aliases])
  assert.equal(new Set(names).size, names.length)
})
