/** Figures added up and printed: the text that Prometheus reads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counter, type Family, gauge, sum, text } from '../../../kernel/metrics/families.ts'
import { Meter } from '../../../kernel/metrics/meter.ts'
import type { Observation } from '../../../kernel/observe.ts'

const request = (given: Partial<Observation & { readonly kind: 'request' }>): Observation => ({
  kind: 'request',
  id: 'an id',
  verb: 'GET',
  service: 'db',
  path: '/api/v2/db',
  status: 200,
  ms: 3,
  bytes: 100,
  address: '127.0.0.1',
  user: null,
  app: null,
  ...given,
})

const value = (families: readonly Family[], line: string): number => {
  const found = text(families)
    .split('\n')
    .find((each) => each.startsWith(`${line} `))
  assert.ok(found, `${line} in\n${text(families)}`)
  return Number(found.slice(line.length + 1))
}

test('labels and help are escaped, families without samples left out', () => {
  const odd = counter('c_total', 'back\\slash\nline', [[{ name: 'a "b"\\\n' }, 1]])
  const lines = [
    '# HELP c_total back\\\\slash\\nline',
    '# TYPE c_total counter',
    'c_total{name="a \\"b\\"\\\\\\n"} 1',
    '',
  ]
  assert.equal(text([odd, gauge('g', 'nothing', [])]), lines.join('\n'))
})

test('samples of equal labels are added up, others stand side by side', () => {
  const one = [
    gauge('g', 'help', [
      [{ a: '1' }, 2],
      [{ a: '2' }, 5],
    ]),
  ]
  const other = [gauge('g', 'help', [[{ a: '1' }, 3]]), counter('c_total', 'help', [[{}, 1]])]
  const both = sum([one, other])
  assert.equal(value(both, 'g{a="1"}'), 5)
  assert.equal(value(both, 'g{a="2"}'), 5)
  assert.equal(value(both, 'c_total'), 1)
  assert.equal(text(both).match(/# TYPE g /g)?.length, 1)
})

test('what a client chooses becomes no label', () => {
  const meter = new Meter((service) => service === 'db')
  for (let i = 0; i < 50; i++) meter.observe(request({ service: `no ${i}`, verb: `VERB${i}`, status: 404 }))
  meter.observe(request({ service: null, status: 302 }))
  meter.observe(request({ service: 'db', verb: 'POST', status: 201 }))
  const families = meter.families()
  assert.equal(value(families, 'dataferry_requests_total{service="unknown",verb="other",status="4xx"}'), 50)
  assert.equal(value(families, 'dataferry_requests_total{service="",verb="GET",status="3xx"}'), 1)
  assert.equal(value(families, 'dataferry_requests_total{service="db",verb="POST",status="2xx"}'), 1)
  assert.equal(families[0]?.samples.length, 3)
})

test('durations are in buckets that add up', () => {
  const meter = new Meter(() => true)
  for (const ms of [0.5, 1, 1.5, 40, 60_000]) meter.observe(request({ ms }))
  const families = meter.families()
  const bucket = (le: string): number =>
    value(families, `dataferry_request_duration_seconds_bucket{service="db",le="${le}"}`)
  const buckets = ['0.001', '0.0025', '0.025', '0.05', '10', '+Inf'].map(bucket)
  assert.deepEqual(buckets, [2, 3, 3, 4, 4, 5])
  assert.equal(value(families, 'dataferry_request_duration_seconds_count{service="db"}'), 5)
  const seconds = value(families, 'dataferry_request_duration_seconds_sum{service="db"}')
  assert.ok(Math.abs(seconds - 60.043) < 1e-6, String(seconds))
  assert.equal(value(families, 'dataferry_response_bytes_total{service="db"}'), 500)
})

test('events are counted', () => {
  const meter = new Meter(() => true)
  meter.observe({ kind: 'client-gone', id: '1' })
  meter.observe({ kind: 'too-many', id: '1', by: 'limit' })
  meter.observe({ kind: 'too-many', id: '2', by: 'throttle' })
  meter.observe({ kind: 'too-many', id: '3', by: 'throttle' })
  meter.observe({ kind: 'stopped', ms: 1 })
  const families = meter.families()
  assert.equal(value(families, 'dataferry_clients_gone_total'), 1)
  assert.equal(value(families, 'dataferry_request_errors_total'), 0)
  assert.equal(value(families, 'dataferry_requests_refused_total{by="limit"}'), 1)
  assert.equal(value(families, 'dataferry_requests_refused_total{by="throttle"}'), 2)
})
