import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { BadRequest, Forbidden } from '../../../kernel/errors.ts'
import type { Instance, Json } from '../../../kernel/plugins/contract.ts'
import { type Served, serve } from './fixture.ts'

describe('pages', () => {
  let served: Served
  let needed = true
  let made: { [name: string]: Json }[] = []
  let ready = true
  const instance: Instance = {
    setupNeeded: () => needed,
    setupCode: 'c0de',
    async setup(fields) {
      if (fields.code !== 'c0de') throw new Forbidden('The code is wrong.')
      if (typeof fields.email !== 'string') throw new BadRequest('The email field is required.')
      made.push({ ...fields })
      needed = false
    },
    status: async (origin) => ({ uri: origin, version: '1' }),
  }
  before(async () => {
    served = await serve(
      { APP_NAME: 'A <b> & "c"' },
      { instance: () => instance, ready: () => ({ ok: ready, detail: { store: ready } }) },
    )
  })
  after(() => served.close())
  beforeEach(() => {
    needed = true
    ready = true
    made = []
  })

  it('/ says what runs here, and that it needs an administrator', async () => {
    const answer = await served.ask('GET', '/')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'text/html; charset=UTF-8')
    assert.match(answer.headers['content-security-policy'] ?? '', /default-src 'none'/)
    assert.match(answer.text, /A &lt;b&gt; &amp; &quot;c&quot;/)
    assert.match(answer.text, /href="\/setup"/)
    needed = false
    assert.doesNotMatch((await served.ask('GET', '/')).text, /setup/)
    assert.deepEqual([(await served.ask('HEAD', '/')).status, (await served.ask('HEAD', '/')).text], [200, ''])
  })
  it('/status', async () => {
    const answer = await served.ask('GET', '/status')
    assert.deepEqual(answer.json(), { uri: `http://127.0.0.1:${served.port}`, version: '1' })
  })
  it('health', async () => {
    assert.deepEqual((await served.ask('GET', '/_health/live')).json(), { status: 'ok' })
    assert.deepEqual((await served.ask('GET', '/_health/ready')).json(), { status: 'ok', detail: { store: true } })
    ready = false
    const answer = await served.ask('GET', '/_health/ready')
    assert.deepEqual([answer.status, answer.json()], [503, { status: 'unavailable', detail: { store: false } }])
  })
  it('other verbs', async () => {
    const answer = await served.ask('DELETE', '/setup')
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD, POST'])
  })

  it('the setup form has a labelled field for each value', async () => {
    const { text } = await served.ask('GET', '/setup')
    for (const name of [
      'code',
      'email',
      'first_name',
      'last_name',
      'name',
      'username',
      'phone',
      'password',
      'password_confirmation',
    ]) {
      assert.match(text, new RegExp(`<label for="${name}">`))
      assert.match(text, new RegExp(`<input id="${name}" name="${name}"`))
    }
    assert.doesNotMatch(text, /c0de/)
  })
  it('the form leads back to the start when nothing is to be set up', async () => {
    needed = false
    const answer = await served.ask('GET', '/setup')
    assert.deepEqual([answer.status, answer.headers.location], [302, '/'])
  })

  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const json = { 'content-type': 'application/json' }
  const cases: {
    name: string
    headers: Record<string, string>
    body: string
    status: number
    type: RegExp
    text: RegExp
    made: number
  }[] = [
    {
      name: 'JSON',
      headers: json,
      body: '{"code":"c0de","email":"a@b.c"}',
      status: 201,
      type: /json/,
      text: /^\{"success":true\}$/,
      made: 1,
    },
    {
      name: 'form',
      headers: form,
      body: 'code=c0de&email=a%40b.c',
      status: 201,
      type: /html/,
      text: /administrator was created/,
      made: 1,
    },
    {
      name: 'wrong code as JSON',
      headers: json,
      body: '{"code":"x"}',
      status: 403,
      type: /json/,
      text: /"message":"The code is wrong\."/,
      made: 0,
    },
    {
      name: 'wrong code as form',
      headers: form,
      body: 'code=x&email=%22%3Cscript%3E&password=secret-value',
      status: 403,
      type: /html/,
      text: /role="alert">The code is wrong\.[\s\S]*value="&quot;&lt;script&gt;"/,
      made: 0,
    },
    {
      name: 'missing field',
      headers: json,
      body: '{"code":"c0de"}',
      status: 400,
      type: /json/,
      text: /email field is required/,
      made: 0,
    },
    { name: 'no object', headers: json, body: '[1]', status: 400, type: /json/, text: /as JSON or as a form/, made: 0 },
    {
      name: 'another type',
      headers: { 'content-type': 'text/csv' },
      body: 'a',
      status: 400,
      type: /json/,
      text: /as JSON or as a form/,
      made: 0,
    },
    {
      name: 'too long',
      headers: json,
      body: `{"a":"${'x'.repeat(70_000)}"}`,
      status: 400,
      type: /json/,
      text: /too long/,
      made: 0,
    },
  ]
  for (const { name, headers, body, status, type, text, made: count } of cases) {
    it(`POST /setup: ${name}`, async () => {
      const answer = await served.ask('POST', '/setup', headers, body)
      assert.equal(answer.status, status)
      assert.match(answer.headers['content-type'] ?? '', type)
      assert.match(answer.text, text)
      assert.doesNotMatch(answer.text, /secret-value/)
      assert.equal(made.length, count)
    })
  }
  it('POST /setup twice', async () => {
    const body = '{"code":"c0de","email":"a@b.c"}'
    assert.equal((await served.ask('POST', '/setup', json, body)).status, 201)
    assert.equal((await served.ask('POST', '/setup', json, body)).status, 403)
    assert.equal(made.length, 1)
  })

  it('without an instance they say so', async () => {
    const bare = await serve()
    assert.equal((await bare.ask('GET', '/status')).status, 503)
    assert.equal((await bare.ask('GET', '/')).status, 200)
    await bare.close()
  })
})
