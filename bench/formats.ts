/**
 * What reading and writing bodies costs the event loop, and what bringing a value over from another thread costs instead: `node -C
 * dataferry-source bench/formats.ts`. Milliseconds, the best of some rounds; the thresholds of docs/workers.md come from it.
 */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { decodeCsv, decodeXml, encodeCsv, encodeJson, encodeXml, parseJson } from '../kernel/formats/index.ts'
import type { Json } from '../kernel/plugins/contract.ts'

const rounds = 5

const record = (id: number): Json => ({
  id,
  name: `name ${id}`,
  email: `user${id}@example.org`,
  note: 'a "quoted" text é & more',
  amount: id * 1.25,
  active: true,
  created: '2024-01-02 03:04:05',
})

function best(work: () => unknown): string {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < rounds; i++) {
    const began = performance.now()
    work()
    least = Math.min(least, performance.now() - began)
  }
  return least.toFixed(2)
}

console.log(
  '| records | JSON kB | read JSON | value from a thread | read XML | read CSV | write JSON | write XML | write CSV |',
)
console.log('|---|---|---|---|---|---|---|---|---|')
for (const count of [10, 100, 1_000, 5_000]) {
  const value: Json = { resource: Array.from({ length: count }, (_, i) => record(i)) }
  const [json, xml, csv] = [encodeJson(value), encodeXml(value, 'dfapi', 'resource'), encodeCsv(value, 'resource')]
  const { port1, port2 } = new MessageChannel()
  const plain = parseJson(json)
  for (let i = 0; i < rounds; i++) port1.postMessage(plain)
  const cells = [
    best(() => parseJson(json)),
    best(() => receiveMessageOnPort(port2)),
    best(() => decodeXml(xml, 'resource')),
    best(() => decodeCsv(csv, 'resource')),
    best(() => encodeJson(value)),
    best(() => encodeXml(value, 'dfapi', 'resource')),
    best(() => encodeCsv(value, 'resource')),
  ]
  port1.close()
  console.log(`| ${count} | ${(json.length / 1_000).toFixed(1)} | ${cells.join(' | ')} |`)
}
