/** The far rows of a many-many relation carry the two ids of the row between (control-plane 4.1): `"pivot":{"role_id":4,"service_id":8}`. */
import type { RecordModel, Relation, Row, Table } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'

/** The model, with pivots in what it presents. `table` has the relations that clients know. */
export function withPivots(model: RecordModel | null, table: Table): RecordModel | null {
  const between = table.relations.filter((relation) => relation.junction !== null)
  if (model === null || between.length === 0) return model
  const needs = [...new Set([...(model.needs ?? []), ...between.flatMap((relation) => relation.fields)])]
  return {
    ...model,
    needs,
    async present(row, request) {
      const paired = between.reduce((made, relation) => withPivot(made, relation), row)
      return model.present ? model.present(paired, request) : paired
    },
  }
}

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
