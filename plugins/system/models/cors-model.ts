/** The hooks of CORS rules over the record engine. */
import type { RecordModel } from 'dataferry/records'
import type { StoreRow, Transaction } from '../store/tables.ts'
import { corsValues, verbsOf } from './cors.ts'
import { kept, lowered, type ModelTools, rowOf, stamps, transactionOf } from './tools.ts'
import { messages, Problems } from './validation.ts'

export function corsModel(tools: ModelTools): RecordModel {
  return {
    prepare({ kind, record, request }) {
      const sent = lowered(record)
      const creates = kind === 'insert'
      return { ...(creates ? {} : kept(sent, ['id'])), ...corsValues(sent, creates), ...stamps(kind, request) }
    },
    async check(session, change) {
      if (change.kind === 'delete') return
      const tx = transactionOf(tools, session)
      await checkPath(tx, await rowOf(tx, 'cors_config', change), change.record as StoreRow)
    },
    committed: () => tools.publish(),
    present: (row) => ('method' in row ? { ...row, method: verbsOf(Number(row.method ?? 0)) } : row),
  }
}

async function checkPath(tx: Transaction, before: StoreRow | undefined, { path }: StoreRow): Promise<void> {
  if (typeof path !== 'string') return
  const problems = new Problems()
  if ((await tx.rows('cors_config', { path })).some((row) => row.id !== before?.id))
    problems.add('path', messages.taken('path'))
  problems.throwIfAny()
}
