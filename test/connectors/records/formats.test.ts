/** The rows of a store in memory in every format (data-plane 2.10). */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Output } from 'dataferry/sdk'
import { Company } from './company.ts'

const csv: Partial<Output> = { format: 'csv', type: 'text/csv' }
const xml: Partial<Output> = { format: 'xml', type: 'application/xml' }

const cases: readonly { readonly path: string; readonly output: Partial<Output>; readonly text: string }[] = [
  { path: '_table/supplies?limit=2', output: csv, text: 'id,name\n1,Stapler\n2,Broom\n' },
  { path: '_table/supplies/1', output: csv, text: 'id,name\n1,Stapler\n' },
  { path: '_table/supplies?filter=id = 9', output: csv, text: '\n\n' },
  {
    path: '_table/supplies/1',
    output: xml,
    text: '<?xml version="1.0" ?><dfapi>\n\t<id>1</id>\n\t<name>Stapler</name>\n</dfapi>\n',
  },
  { path: '_table/supplies?count_only=true', output: xml, text: '<?xml version="1.0" ?><dfapi>3</dfapi>' },
]

for (const { path, output, text } of cases) {
  it(`${path} as ${output.format}`, async () => {
    const { body } = await new Company().ask({ path, output })
    assert.equal(String(body).trim(), text.trim())
  })
}
