/** `dataferry/sql`: the shared relational engine. */
export * from './types.ts'
