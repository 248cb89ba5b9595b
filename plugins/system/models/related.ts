/**
 * Related rows in the forms of the system (control-plane 4.1): those of a many-many relation carry the two ids of the row between,
 * `"pivot":{"role_id":4,"service_id":8}`; where there is no one child, null.
 */
import type { RecordModel, Relation, Row, Table } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'

/** The model, with related rows in what it presents. `table` has the relations that clients know. */
export function withRelated(model: RecordModel | null, table: Table): RecordModel | null {
  const between = table.relations.filter((relation) => relation.junction !== null)
  const single = table.relations.filter((relation) => relation.type === 'has_one').map((relation) => relation.name)
  if (model === null || between.length + single.length === 0) return model
  const needs = [...new Set([...(model.needs ?? []), ...between.flatMap((relation) => relation.fields)])]
  return {
    ...model,
    needs,
    async present(row, request) {
      const none = single.filter((name) => isEmptyList(row[name])).map((name) => [name, null] as const)
      const told = none.length === 0 ? row : { ...row, ...Object.fromEntries(none) }
      const paired = between.reduce((made, relation) => withPivot(made, relation), told)
      return model.present ? model.present(paired, request) : paired
    },
  }
}

const isEmptyList = (value: Json | undefined): boolean => Array.isArray(value) && value.length === 0

function withPivot(row: Row, { name, fields, refFields, junction }: Relation): Row {
  const related = row[name]
  const [near, far] = [fields[0], refFields[0]]
  const [nearId, farId] = [junction?.fields[0], junction?.refFields[0]]
  if (!Array.isArray(related) || !near || !far || !nearId || !farId) return row
  const paired = related.map((each: Json) => {
    const member = each as Row
    return far in member ? { ...member, pivot: { [nearId]: row[near] ?? null, [farId]: member[far] ?? null } } : member
  })
  return { ...row, [name]: paired }
}
