/** `dataferry/records`: what every source of records shares. */
export * from './catalog/types.ts'
export * from './filter/index.ts'
export * from './plan/schema.ts'
export * from './plan/types.ts'
export * from './store.ts'
