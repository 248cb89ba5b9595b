// A server with CouchDB's HTTP interface over PouchDB, a process of its own for tests: node couchdb-server.ts PORT FOLDER
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [port = '', folder = ''] = process.argv.slice(2)
const load = createRequire(import.meta.url)
process.chdir(folder)
const PouchDB = load('pouchdb').defaults({ prefix: join(folder, '/') })
const app = load('express')()
const couch = load('express-pouchdb')(PouchDB, {
  configPath: join(folder, 'config.json'),
  logPath: join(folder, 'log.txt'),
})
app.use(couch)
app.listen(Number(port), '127.0.0.1')
