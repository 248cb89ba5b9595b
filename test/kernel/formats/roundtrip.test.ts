/** What is written is read back the same, and what is no JSON is always told where; over many made-up texts from one seed. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { decodeCsv, decodeXml, encodeCsv, encodeXml } from '../../../kernel/formats/index.ts'
import { locateJsonError } from '../../../kernel/formats/json-locate.ts'

let seed = 7
/** 0 to below `limit`. */
function random(limit: number): number {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff
  return Math.floor((seed / 0x80000000) * limit)
}
const pick = (from: readonly string[]): string => from[random(from.length)] ?? ''
const text = (from: readonly string[]): string => Array.from({ length: random(5) }, () => pick(from)).join('')

it('CSV', () => {
  const parts = ['a', ',', '"', '\n', '\r', '\r\n', ' ', 'é', '\\', '']
  for (let run = 0; run < 3000; run++) {
    const rows = Array.from({ length: 1 + random(3) }, () => ({
      k: text(parts),
      'k 2': text(parts),
      'k"3,': text(parts),
    }))
    const written = encodeCsv({ resource: rows }, 'resource')
    assert.deepEqual(JSON.parse(JSON.stringify(decodeCsv(written, 'resource'))), { resource: rows }, written)
  }
})

it('XML', () => {
  const parts = ['a', '<', '&', '"', "'", ']]>', '&amp;', '&#65;', '<!--', '<![CDATA[', ' ', 'é', '😀']
  for (let run = 0; run < 3000; run++) {
    const body = { resource: { x: text(parts), y: { z: text(parts) } } }
    const written = encodeXml(body, 'dfapi', 'resource')
    assert.deepEqual(JSON.parse(JSON.stringify(decodeXml(written, 'resource'))), body, written)
  }
})

it('JSON that is none', () => {
  const base = '{"resource":[{"a":1.5e3,"b":"x\\u00e9\\n\\"","c":[true,false,null,-0],"d":{}},[]]}'
  const parts = [...'{}[],:"\\u0e9.-+tfn \n\t\u0001é', '']
  let broken = 0
  for (let run = 0; run < 20_000; run++) {
    let changed = base
    for (let change = random(3); change >= 0; change--) {
      const at = random(changed.length)
      changed = changed.slice(0, at) + pick(parts) + changed.slice(at + random(2))
    }
    try {
      JSON.parse(changed)
    } catch {
      broken++
      const { line, problem } = locateJsonError(changed)
      assert.notEqual(problem, 'it can not be read', changed)
      assert.ok(line >= 1 && line <= changed.split('\n').length)
    }
  }
  assert.ok(broken > 10_000)
})
