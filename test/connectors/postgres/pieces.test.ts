/** Answers of a real server, cut into pieces on their way: however they come in, the same rows go out. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server } from 'node:net'
import { after, test } from 'node:test'
import { postgresql } from '../../../connectors/postgres/flavours.ts'
import { readSettings } from '../../../connectors/postgres/settings.ts'
import type { Wire } from '../../../connectors/postgres/wire/connection.ts'
import { openWire } from '../../../connectors/postgres/wire/open.ts'
import { PlacedRow } from '../../../connectors/postgres/wire/row.ts'
import { type Database, postgres } from '../../support/databases.ts'
import { host } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

/** Passes everything on; what the server says in pieces of `size` bytes, one a turn of the loop. */
async function cutting(to: Database, size: number): Promise<Server> {
  const server = createServer((client) => {
    const upstream = createConnection({ host: to.host, port: to.port })
    client.setNoDelay(true)
    client.pipe(upstream)
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
    let last = Promise.resolve()
    upstream.on('data', (chunk: Buffer) => {
      last = last.then(async () => {
        for (let at = 0; at < chunk.length && !client.destroyed; at += size) {
          client.write(chunk.subarray(at, at + size))
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function through(size: number, use: (wire: Wire) => Promise<void>): Promise<void> {
  const to = database as Database
  const server = await cutting(to, size)
  const { port } = server.address() as AddressInfo
  const config = { host: '127.0.0.1', port, username: to.user, password: to.password, database: to.database }
  try {
    const wire = await openWire(readSettings(config, host(), postgresql))
    try {
      await use(wire)
    } finally {
      wire.destroy()
    }
  } finally {
    server.close()
  }
}

async function texts(
  wire: Wire,
  sql: string,
  parameters: readonly string[],
  pauseAt = -1,
): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = []
  const row = new PlacedRow()
  await wire.run(sql, parameters, (bytes, start, end) => {
    row.place(bytes, start, end)
    rows.push(Array.from({ length: row.count }, (_, i) => row.text(i)))
    if (rows.length === pauseAt) {
      wire.pause()
      setImmediate(() => wire.resume())
    }
  })
  return rows
}

const listed = `select i, 'row ' || i || repeat(' é', i % 40), case when i % 3 = 0 then null else i end from generate_series(1, $1::int) i`
const expected = (rows: number): (string | null)[][] =>
  Array.from({ length: rows }, (_, k) => {
    const i = k + 1
    return [String(i), `row ${i}${' é'.repeat(i % 40)}`, i % 3 === 0 ? null : String(i)]
  })

const cases: readonly { readonly size: number; readonly rows: number }[] = [
  { size: 1, rows: 20 },
  { size: 2, rows: 40 },
  { size: 5, rows: 60 },
  { size: 61, rows: 300 },
  { size: 4_096, rows: 3_000 },
  { size: 65_536, rows: 20_000 },
]
for (const { size, rows } of cases) {
  test(`${rows} rows in pieces of ${size} bytes`, { skip }, async () => {
    await through(size, async (wire) => {
      assert.deepEqual(await texts(wire, listed, [String(rows)]), expected(rows))
      // Paused in the middle of a piece: what was read already is kept, although its memory is used again.
      assert.deepEqual(await texts(wire, listed, [String(rows)], rows >> 1), expected(rows))
    })
  })
}

test('a message that is longer than many pieces, and several statements behind it', { skip }, async () => {
  await through(7_000, async (wire) => {
    const [long, ...others] = await Promise.all([
      texts(wire, "select repeat('0123456789', 40000), 1", []),
      ...Array.from({ length: 20 }, (_, i) => texts(wire, 'select $1::text', [`statement ${i}`])),
    ])
    assert.equal(long?.[0]?.[0], '0123456789'.repeat(40_000))
    assert.deepEqual(
      others.map((rows) => rows[0]?.[0]),
      Array.from({ length: 20 }, (_, i) => `statement ${i}`),
    )
  })
})
