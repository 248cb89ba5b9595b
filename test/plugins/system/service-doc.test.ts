/** The stamps of a service's document (control-plane 4.3), with the clock in the test's hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Change } from '../../../connectors/records/model.ts'
import { serviceDocModel } from '../../../plugins/system/models/service-doc-model.ts'
import type { ModelTools } from '../../../plugins/system/models/tools.ts'
import { migrate } from '../../../plugins/system/store/migrate.ts'
import { RecordTables } from '../../../plugins/system/store/record-tables.ts'
import { folder, log, signal, storeIn } from './store.ts'

test('a document was changed last when it was made, however long its write takes', async (t) => {
  const records = storeIn(t, folder(t))
  await migrate(records, log, signal)
  const tables = new RecordTables(records, signal)
  const model = serviceDocModel({ records } as unknown as ModelTools)
  const changeOf = (record: Change['record']) =>
    ({ kind: 'insert', key: { service_id: 5 }, record }) as unknown as Change
  const steps = [
    { name: 'made', at: '2026-01-05T10:00:00', expected: ['10:00:00', '10:00:00'] },
    { name: 'changed', at: '2026-01-05T11:00:00', expected: ['10:00:00', '11:00:00'] },
  ]
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  for (const { name, at, expected } of steps) {
    t.mock.timers.setTime(Date.parse(`${at}Z`))
    const record = (await model.prepare?.(changeOf({ service_id: 5, content: '{}', format: 0 }))) ?? {}
    await tables.transaction(async (tx) => {
      const values = { content: '{}', last_modified_date: String(record.last_modified_date) }
      if ((await tx.update('service_doc', { service_id: 5 }, values)) === 0)
        await tx.insert('service_doc', { service_id: 5, format: 0, created_date: '', ...values })
    })
    t.mock.timers.setTime(Date.parse(`${at}Z`) + 3000)
    await records.write((session) => model.audit?.(session, changeOf(record)) ?? Promise.resolve(), signal)
    const [row] = await tables.rows('service_doc', { service_id: 5 })
    const times = [row?.created_date, row?.last_modified_date].map((stamp) => String(stamp).slice(11, 19))
    assert.deepEqual(times, expected, name)
  }
})
