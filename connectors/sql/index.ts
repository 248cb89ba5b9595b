/** `dataferry/sql`: the shared relational engine. */
export { type ParentsSource, SqlCompiler } from './compile/compiler.ts'
export { type Context, StatementWriter } from './compile/writer.ts'
export * from './types.ts'
