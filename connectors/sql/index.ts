/** `dataferry/sql`: the shared relational engine. */
export { ByteBuffer } from './buffer.ts'
export { asNamed, references, type TypeWords } from './compile/column-types.ts'
export { type NumberedParts, type ParentsSource, SqlCompiler } from './compile/compiler.ts'
export {
  columnText,
  createIndex,
  defaultText,
  defaultValue,
  foreignKeyText,
  type KeyType,
  name as checkedName,
  tableText,
  typeText,
} from './compile/ddl.ts'
export { type Context, StatementWriter } from './compile/writer.ts'
export {
  initialStatements,
  networkFields,
  type SettingOptions,
  settingCount,
  settingOptions,
  settingPort,
  settingSeconds,
  settingSecret,
  settingText,
  sqlConfigFields,
} from './config.ts'
export { decoderOf, keptDecoders } from './decoder.ts'
export { jsonWriters, printingOf, rowDecoder, type WireValue, type WireValues, wireValues } from './encoder.ts'
export { untilOurs } from './held.ts'
export { jsonBind, jsonParents } from './json-binds.ts'
export { copyBytes, escapesIn, jsonNullBytes, jsonTextBytes } from './json-bytes.ts'
export { ReadRunner } from './program.ts'
export { Rested, type Resting, surely } from './rested.ts'
export { RoutineCatalog, type RoutineSource, RowBudget } from './routines.ts'
export { sqlService } from './service.ts'
export { bodyValue, collectRows } from './source.ts'
export { sqlStore } from './store.ts'
export { textRows } from './text-rows.ts'
export * from './types.ts'
export * from './wire.ts'
