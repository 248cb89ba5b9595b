/** The hooks of roles and of the rows that come with them. */

import type { RecordModel, Row } from 'dataferry/records'
import { BadRequest } from 'dataferry/sdk'
import { numberAt } from '../store/columns.ts'
import type { StoreRow } from '../store/tables.ts'
import { keepAnAdministrator } from './administrators.ts'
import { checkFieldRights, readFieldRights } from './field-rights.ts'
import { accessValues, checkName, endTokensOfRole, roleValues, shownFilters } from './role.ts'
import {
  childStamps,
  idOf,
  kept,
  lowered,
  type ModelTools,
  relationsIn,
  rowOf,
  stamps,
  transactionOf,
} from './tools.ts'
import { messages, Problems } from './validation.ts'
import { referenceOf } from './values.ts'

export function roleModel(tools: ModelTools): RecordModel {
  return {
    nested: new Map([
      ['role_service_access_by_role_id', { naturalKey: [] }],
      ['lookup_by_role_id', { naturalKey: ['name'] }],
      ['user_to_app_to_role_by_role_id', { naturalKey: ['user_id', 'app_id'] }],
    ]),
    prepare({ kind, record, request }) {
      const sent = lowered(record)
      return {
        ...(kind === 'insert' ? {} : kept(sent, ['id'])),
        ...roleValues(sent, kind === 'insert'),
        ...stamps(kind, request),
        ...relationsIn(sent),
      }
    },
    async check(session, change) {
      const tx = transactionOf(tools, session)
      const before = (await rowOf(tx, 'role', change)) ?? null
      if (change.kind !== 'delete') await checkName(tx, 'role', before, change.record as StoreRow)
      const ends = change.kind === 'delete' || { ...before, ...change.record }.is_active === false
      if (before !== null && ends) await endTokensOfRole(tx, idOf(change))
    },
    async committed() {
      tools.accounts.changed(null)
      await tools.publish()
    },
    present: (row) => row,
  }
}

/** Rows of `role_service_access`. */
export function accessModel(tools: ModelTools): RecordModel {
  return {
    prepare({ record }) {
      const sent = lowered(record)
      return { ...kept(sent, ['id', 'role_id']), ...accessValues(sent), ...childStamps(sent) }
    },
    async check(session, change) {
      const { kind, record } = change
      if (kind === 'delete') return
      const tx = transactionOf(tools, session)
      checkFieldRights({ ...(await rowOf(tx, 'role_service_access', change)), ...(record as StoreRow) })
      if (typeof record.service_id !== 'number') return
      const problems = new Problems()
      const found = await tx.rows('service', { id: record.service_id })
      if (found.length === 0) problems.add('service_id', messages.invalid('service_id'))
      problems.throwIfAny()
    },
    present: shownAccess,
  }
}

/** Rights on fields are shown where there are some. */
function shownAccess(row: Row): Row {
  const { fields, ...rest } = row
  const shown = 'filters' in rest ? { ...rest, filters: shownFilters(rest.filters ?? null) } : rest
  const rights = readFieldRights(fields ?? null)
  return rights === null ? shown : { ...shown, fields: rights }
}

/** Rows of `user_to_app_to_role`: one role for each user in each app (control-plane 2.3). */
export function assignmentModel(tools: ModelTools): RecordModel {
  return {
    prepare({ record }) {
      const sent = lowered(record)
      const references = ['user_id', 'app_id', 'role_id'].filter((name) => sent[name] !== undefined)
      return {
        ...kept(sent, ['id']),
        ...Object.fromEntries(references.map((name) => [name, referenceOf(name, sent[name] ?? null)])),
      }
    },
    async check(session, change) {
      if (change.kind === 'delete') return
      const tx = transactionOf(tools, session)
      const before = await rowOf(tx, 'user_to_app_to_role', change)
      const { user_id = null, app_id = null }: StoreRow = { ...before, ...(change.record as StoreRow) }
      if (user_id === null || app_id === null) return
      const others = await tx.rows('user_to_app_to_role', { user_id, app_id })
      if (others.some((row) => row.id !== before?.id)) {
        throw new BadRequest(
          'Multiple user-to-app-to-role assignment. You can only have a single user-to-app-to-role assignment.',
        )
      }
    },
    async audit(session, change) {
      if (change.kind === 'delete') return
      const tx = transactionOf(tools, session)
      const after = await rowOf(tx, 'user_to_app_to_role', change)
      const [user] = after === undefined ? [] : await tx.rows('user', { id: numberAt(after, 'user_id') })
      if (user?.is_sys_admin === true) await keepAnAdministrator(tx)
    },
  }
}
