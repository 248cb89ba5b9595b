/** The pages as people use them, in a real browser: a key and a call at `/docs`, the first administrator at `/setup`. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startBrowser, type TestBrowser, withoutBrowser } from '../../support/browser.ts'
import { startServer, type TestServer } from '../../support/server.ts'

const skip = withoutBrowser()
if (skip !== false) console.error(`!!! ${skip}`)

describe('pages in a browser', { skip }, () => {
  let server: TestServer
  let browser: TestBrowser
  before(async () => {
    server = await startServer({ env: { DF_SAMPLE: 'true', DF_ADMIN_EMAIL: '', DF_ADMIN_PASSWORD: '' } })
    browser = await startBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  test('/docs: the sample key lists rows', async (t) => {
    const [, key = ''] = /API-Key: (\w{64})/.exec(server.hints.join('\n')) ?? []
    const { page, complaints, hosts, picture } = await browser.open(`${server.url}/docs`)
    await page.getByText('Sign in or give an API key').waitFor()
    await page.getByLabel('API key').fill(key)
    await page.getByRole('button', { name: 'Use' }).click()
    await page.getByLabel('Service').selectOption('db')
    const operation = page.locator('.opblock-get').filter({ hasText: '/_table/{table_name}' }).first()
    await operation.locator('button.opblock-summary-control').click()
    await picture('docs')
    await operation.getByRole('button', { name: 'Try it out' }).click()
    const table = operation.locator('tr[data-param-name=table_name]')
    const choice = table.locator('select')
    if ((await choice.count()) > 0) await choice.selectOption('departments')
    else await table.locator('input').fill('departments')
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table')
    const row = answer.getByText('"dept_no": "d001"')
    await row.waitFor()
    await row.scrollIntoViewIfNeeded()
    await picture('docs-rows')
    assert.match((await answer.textContent()) ?? '', /^CodeDetails200/)
    assert.deepEqual(complaints, [])
    assert.deepEqual([...hosts], [new URL(server.url).host])
    t.diagnostic(`pictures are in ${browser.pictures}`)
  })

  test('/setup: the first administrator', async () => {
    const { page, complaints, picture } = await browser.open(`${server.url}/setup`)
    await picture('setup')
    const fields = {
      code: server.instance?.setupCode ?? '',
      email: 'first@example.org',
      first_name: 'First',
      last_name: 'Person',
      phone: '1',
      password: 'a password of some length',
      password_confirmation: 'a password of some length',
    }
    for (const [name, value] of Object.entries(fields)) {
      const input = page.locator(`input[name=${name}]`)
      if ((await input.count()) > 0) await input.fill(value)
    }
    await page.getByRole('button').first().click()
    await page.waitForLoadState()
    await picture('setup-done')
    const login = await fetch(`${server.url}/api/v2/system/admin/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: fields.email, password: fields.password }),
    })
    assert.equal(login.status, 200)
    assert.deepEqual(complaints, [])
  })
})
