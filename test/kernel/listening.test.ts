/** Endpoints as settings and messages write them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cannotListen, endpointIn, urlOf } from '../../kernel/listening.ts'

const taken = Object.assign(new Error('taken'), { code: 'EADDRINUSE' })
const it = { host: 'it', port: 'it' }
const cases = [
  { address: '127.0.0.1:9464', host: '127.0.0.1', port: 9464, url: 'http://127.0.0.1:9464' },
  { address: '[::1]:9464', host: '::1', port: 9464, url: 'http://[::1]:9464' },
  { address: 'here.example:80', host: 'here.example', port: 80, url: 'http://here.example:80' },
  { address: '[::]:80', host: '::', port: 80, url: 'http://localhost:80' },
]
for (const { address, host, port, url } of cases)
  test(address, () => {
    const endpoint = endpointIn(address)
    assert.deepEqual(endpoint, { host, port })
    assert.equal(urlOf(endpoint), url)
    assert.equal(cannotListen(taken, endpoint, it), `${address} is in use by another program; set it to another one.`)
  })

const reasons = [
  { code: 'EADDRINUSE', text: '[::1]:80 is in use by another program; set PORT to another one.' },
  { code: 'EACCES', text: '[::1]:80 may not be used by this user; set PORT to one above 1023.' },
  { code: 'EADDRNOTAVAIL', text: '::1 is no address of this machine; set HOST to one.' },
  { code: 'EOTHER', text: "[::1]:80 can't be listened on: why" },
]
for (const { code, text } of reasons)
  test(code, () => {
    const error = Object.assign(new Error('why'), { code })
    assert.equal(cannotListen(error, { host: '::1', port: 80 }), text)
  })
