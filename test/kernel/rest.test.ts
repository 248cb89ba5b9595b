/** Memory is given back at rest: a process with garbage of its own, which nothing else would collect. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const rest = new URL('../../kernel/rest.ts', import.meta.url).href

/** Ends with 0 as soon as the heap has become small, with 1 when it has not for a while. */
const program = `
import { collectAtRest } from ${JSON.stringify(rest)}
collectAtRest()
let kept = Array.from({ length: 1_500_000 }, (_, i) => ({ i }))
const large = process.memoryUsage().heapTotal
kept = null
const began = performance.now()
setInterval(() => {
  if (process.memoryUsage().heapTotal < large / 2) process.exit(0)
  if (performance.now() - began > 60_000) process.exit(1)
}, 500)
`

test('the heap that work has left is collected when the process has come to rest', () => {
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})
