/** `/metrics` of a server: off by default, behind a token, at an address of its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../../../bench/process.ts'
import { adminCredentials, signIn, startServer } from '../../support/server.ts'

const token = 'a-token-of-some-length'

test('there is no such page unless it is switched on', async () => {
  const server = await startServer()
  try {
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404)
  } finally {
    await server.stop()
  }
})

test('the figures of a server, for who has the token', async () => {
  const server = await startServer({ env: { DF_METRICS: 'true', DF_METRICS_TOKEN: token } })
  try {
    const cases = [
      { name: 'nothing', headers: {}, status: 401 },
      { name: 'another token', headers: { Authorization: 'Bearer another' }, status: 401 },
      { name: 'another scheme', headers: { Authorization: `Basic ${token}` }, status: 401 },
      { name: 'a session', headers: { 'X-DreamFactory-Session-Token': await signIn(server.url) }, status: 401 },
    ]
    for (const { name, headers, status } of cases)
      assert.equal((await fetch(`${server.url}/metrics`, { headers })).status, status, name)
    await fetch(`${server.url}/api/v2/no-such-service`)
    const body = JSON.stringify({ ...adminCredentials, password: 'wrong' })
    await fetch(`${server.url}/api/v2/system/admin/session`, { method: 'POST', body })
    const answer = await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    const text = await answer.text()
    for (const line of [
      /^dataferry_requests_total\{service="system",verb="POST",status="2xx"\} 1$/m,
      /^dataferry_requests_total\{service="system",verb="POST",status="4xx"\} 1$/m,
      /^dataferry_requests_total\{service="unknown",verb="GET",status="4xx"\} 1$/m,
      /^dataferry_request_duration_seconds_count\{service="system"\} 2$/m,
      /^dataferry_requests_in_flight 1$/m,
      /^dataferry_snapshot_version\{process="main"\} \d+$/m,
      /^dataferry_event_loop_delay_seconds\{process="main",quantile="0\.99"\} [\d.e-]+$/m,
      /^dataferry_memory_bytes\{process="main",of="resident"\} \d{7,}$/m,
    ])
      assert.match(text, line)
    assert.doesNotMatch(text, /no-such-service|example\.org/)
  } finally {
    await server.stop()
  }
})

test('an address of its own, and not that of the API then', async () => {
  const port = await freePort()
  const server = await startServer({ env: { DF_METRICS: 'true', DF_METRICS_ADDRESS: `127.0.0.1:${port}` } })
  try {
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404)
    const own = `http://127.0.0.1:${port}`
    assert.match(await (await fetch(`${own}/metrics`)).text(), /^dataferry_requests_total/m)
    assert.equal((await fetch(`${own}/api/v2`)).status, 404)
    await assert.rejects(
      startServer({ env: { DF_METRICS: 'true', DF_METRICS_ADDRESS: `127.0.0.1:${port}` } }),
      /DF_METRICS_ADDRESS: .* in use/,
    )
  } finally {
    await server.stop()
  }
})
