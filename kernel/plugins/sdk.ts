/** `dataferry/sdk`: the contract and the errors, all that a plugin needs of the kernel. */
export { maySee } from '../access/visible.ts'
export { localBus } from '../bus/local.ts'
export * from '../errors.ts'
export { makeFolder } from '../folders.ts'
export {
  CsvReader,
  collect,
  csvCell,
  csvEmpty,
  csvHeader,
  csvQuote,
  csvRow,
  decodeCsv,
  decodeXml,
  encodeCsv,
  encodeJson,
  encodeText,
  encodeValue,
  encodeXml,
  escapeText,
  exactNumber,
  isMultipart,
  multipartParts,
  oneChunk,
  type Part,
  parseJson,
  readZip,
  xmlClose,
  xmlElement,
  xmlName,
  xmlOpen,
  xmlText,
  type ZipEntry,
  type ZipInput,
  type ZipSource,
  zipOf,
  zipPath,
} from '../formats/index.ts'
export { contentEncodings, decompress } from '../http/decompress.ts'
export { entityHash, entityTag, namesEntity } from '../http/etag.ts'
export { contentDisposition } from '../http/negotiate.ts'
export { isPublic, networks } from '../outbound/addresses.ts'
export {
  type Answer,
  Connection,
  type ConnectionOptions,
  type Question,
  remoteError,
  usualConnection,
} from '../outbound/connection.ts'
export { type Fetched, fetchUrl } from '../outbound/fetch.ts'
export { isPlace, type Place, placeOf, placeSetting, places } from '../services/place.ts'
export * from './bus.ts'
export * from './commands.ts'
export * from './config-values.ts'
export * from './contract.ts'
export * from './documents.ts'
export * from './extras.ts'
export * from './files.ts'
export { askAsHouse, type HouseQuestion } from './internal.ts'
export { defaultSettings } from './settings.ts'
export * from './workers.ts'
