/** `dataferry/sdk`: the contract and the errors, all that a plugin needs of the kernel. */
export { maySee } from '../access/visible.ts'
export * from '../errors.ts'
export {
  CsvReader,
  csvCell,
  csvEmpty,
  csvHeader,
  csvQuote,
  csvRow,
  encodeCsv,
  encodeJson,
  encodeText,
  encodeValue,
  encodeXml,
  escapeText,
  exactNumber,
  parseJson,
  xmlClose,
  xmlElement,
  xmlName,
  xmlOpen,
  xmlText,
} from '../formats/index.ts'
export { entityHash, entityTag, namesEntity } from '../http/etag.ts'
export * from './contract.ts'
export * from './documents.ts'
export * from './extras.ts'
export { defaultSettings } from './settings.ts'
