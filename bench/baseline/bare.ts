/**
 * The least that such a server can do: a bare node:http server over node:sqlite on its main thread, prepared statements that hold the
 * role's filter, JSON.stringify, a constant key. It answers a constant, a record by id and a list of 25, and nothing else.
 *
 * Environment: PORT, BENCH_FILE, BENCH_KEY.
 */
import { createServer, type ServerResponse } from 'node:http'
import { DatabaseSync } from 'node:sqlite'

const database = new DatabaseSync(process.env.BENCH_FILE ?? '', { readOnly: true })
const byId = database.prepare('select * from customers where id = ? and region < 5')
const list = database.prepare(
  'select id, name, email, country, credit from customers where region < 5 and country = ? order by id desc limit 25',
)
const key = process.env.BENCH_KEY ?? ''
const recordPath = /^\/api\/v2\/bench\/_table\/customers\/(\d+)$/

function send(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

createServer((request, response) => {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  if (path === '/_health/live' || path === '/') return send(response, 200, { status: 'ok' })
  if (request.headers['x-dreamfactory-api-key'] !== key) return send(response, 401, { error: 'key' })
  const record = recordPath.exec(path)
  if (record !== null) {
    const row = byId.get(Number(record[1]))
    return row === undefined
      ? send(response, 404, { error: 'not found' })
      : send(response, 200, { ...row, active: row.active === 1 })
  }
  if (path === '/api/v2/bench/_table/customers') {
    const country = new URLSearchParams(url.slice(mark)).get('country') ?? ''
    return send(response, 200, { resource: list.all(country) })
  }
  send(response, 404, { error: 'no such path' })
}).listen(Number(process.env.PORT), '127.0.0.1')
