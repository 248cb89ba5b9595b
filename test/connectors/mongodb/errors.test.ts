// Faults of the driver and the server in words and statuses for clients: nothing of them is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from 'dataferry/sdk'
import { MongoBulkWriteError, MongoNetworkError, MongoServerError } from 'mongodb'
import { mongoError } from '../../../connectors/mongodb/errors.ts'

const socket = (code: string): Error => Object.assign(new Error(`write ${code} 10.0.0.1:27017`), { code })
const batch = (cause: Error): Error => new MongoBulkWriteError(cause as never, {} as never)

const cases = [
  { name: 'a batch whose socket was closed', thrown: batch(socket('EPIPE')), status: 503 },
  { name: 'a batch whose connection was lost', thrown: batch(new MongoNetworkError('closed')), status: 503 },
  { name: 'a socket', thrown: socket('ECONNRESET'), status: 503 },
  { name: 'a server that goes away', thrown: new MongoServerError({ message: 'bye', code: 11600 }), status: 503 },
  { name: 'another primary', thrown: new MongoServerError({ message: 'not primary', code: 10107 }), status: 503 },
  { name: 'a rule', thrown: new MongoServerError({ message: 'secret', code: 121 }), status: 400 },
]
for (const { name, thrown, status } of cases) {
  test(`${name} is a ${status}`, () => {
    const error = mongoError(thrown)
    assert.ok(error instanceof ApiError)
    assert.equal(error.status, status)
    assert.doesNotMatch(error.message, /10\.0\.0\.1|EPIPE|secret|Mongo/)
  })
}
