/** Groups as an aggregation pipeline, of the few stages and operators that all servers know. */
import type { Aggregate, Grouping } from 'dataferry/document'
import type { Document } from 'mongodb'

/** `filter` and `having` as MongoDB's filters. Rows have keys and aggregates by their names. */
export function pipelineOf(
  { keys, aggregates, order, skip, limit }: Grouping,
  filter: Document,
  having: Document | null,
): Document[] {
  return [
    ...groupsOf(keys, aggregates, filter, having),
    ...(order.length > 0
      ? [{ $sort: Object.fromEntries(order.map(({ path, descending }) => [path, descending ? -1 : 1])) }]
      : []),
    ...(skip > 0 ? [{ $skip: skip }] : []),
    ...(limit === null ? [] : [{ $limit: limit }]),
  ]
}

/** One row with the number `n` of the groups; none where there are no groups. */
export const countingOf = ({ keys, aggregates }: Grouping, filter: Document, having: Document | null): Document[] => [
  ...groupsOf(keys, aggregates, filter, having),
  { $group: { _id: null, n: { $sum: 1 } } },
]

function groupsOf(
  keys: readonly string[],
  aggregates: readonly Aggregate[],
  filter: Document,
  having: Document | null,
): Document[] {
  const _id = keys.length === 0 ? null : Object.fromEntries(keys.map((path, at) => [`k${at}`, valueAt(path)]))
  const made = aggregates.map((each, at) => [`a${at}`, accumulated(each)])
  const counted = aggregates.flatMap(({ name, path }, at) =>
    name === 'SUM' && path !== null ? [[`n${at}`, { $sum: { $cond: [isNumber(path), 1, 0] } }]] : [],
  )
  const named = [
    ...keys.map((_, at) => [`k${at}`, `$_id.k${at}`]),
    ...aggregates.map(({ name }, at) => [
      `a${at}`,
      name === 'SUM' ? { $cond: [{ $gt: [`$n${at}`, 0] }, `$a${at}`, null] } : `$a${at}`,
    ]),
  ]
  return [
    ...(Object.keys(filter).length > 0 ? [{ $match: filter }] : []),
    { $group: { _id, ...Object.fromEntries([...made, ...counted]) } },
    { $project: { _id: 0, ...Object.fromEntries(named) } },
    ...(having === null ? [] : [{ $match: having }]),
  ]
}

/** The value at a path, null where there is none or a list is in between. */
function valueAt(path: string): Document {
  const segments = path.split('.')
  const above = segments.slice(1).map((_, at) => ({ $isArray: [`$${segments.slice(0, at + 1).join('.')}`] }))
  const value = { $ifNull: [`$${path}`, null] }
  return above.length === 0 ? value : { $cond: [{ $or: above }, null, value] }
}

/** In the order of types, numbers are between nothing and texts. */
const isNumber = (path: string): Document => ({
  $and: [{ $gt: [valueAt(path), null] }, { $lt: [valueAt(path), ''] }],
})

function accumulated({ name, path }: Aggregate): Document {
  if (path === null) return { $sum: 1 }
  switch (name) {
    case 'COUNT':
      return { $sum: { $cond: [{ $gt: [valueAt(path), null] }, 1, 0] } }
    case 'SUM':
      return { $sum: valueAt(path) }
    case 'AVG':
      return { $avg: valueAt(path) }
    case 'MIN':
      return { $min: valueAt(path) }
    case 'MAX':
      return { $max: valueAt(path) }
  }
}
