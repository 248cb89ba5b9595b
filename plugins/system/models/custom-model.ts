/** Names and values of the system (control-plane 1.10) as a list shows them. Writing them is the custom resource's. */
import type { RecordModel } from 'dataferry/records'
import { customValue } from './custom-value.ts'

export const customModel: RecordModel = {
  present: (row) => ('value' in row ? { ...row, value: customValue(row.value ?? null) } : row),
}
