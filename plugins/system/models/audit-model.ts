/** Entries of the audit log as they are shown: records before and after as objects. */
import type { RecordModel } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'

const objects = ['before', 'after', 'touched'] as const

export const auditModel: RecordModel = {
  present(row) {
    const read = objects.filter((field) => field in row).map((field) => [field, readOf(row[field] ?? null)] as const)
    return { ...row, ...Object.fromEntries(read) }
  },
}

const readOf = (stored: Json): Json => (typeof stored === 'string' ? (JSON.parse(stored) as Json) : null)
