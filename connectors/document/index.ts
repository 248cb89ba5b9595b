/** `dataferry/document`: the engine of document stores. */
export * from './adapter.ts'
export {
  asDouble,
  type Condition,
  momentOf,
  type Scalar,
  satisfies,
  type Test,
  valuesAt,
  withValues,
} from './condition.ts'
export { compareAny } from './order.ts'
export { mostInMemory } from './reader.ts'
export type { Hidden, Shape, Wanted } from './shape.ts'
export { type DocumentStoreOptions, documentStore } from './store.ts'
