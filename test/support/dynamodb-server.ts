// A server with DynamoDB's interface, a process of its own for tests: node dynamodb-server.ts PORT FOLDER
import { createRequire } from 'node:module'

const [port = '', path = ''] = process.argv.slice(2)
const load = createRequire(import.meta.url)
const server = load('dynalite')({ path, createTableMs: 5, deleteTableMs: 5, updateTableMs: 5 })
server.listen(Number(port), '127.0.0.1')
