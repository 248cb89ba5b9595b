/**
 * The formats that bodies come in and go out in. Decoding is by kind (which one is the HTTP room's affair), encoding by the
 * reply's Output. Row encoders of connectors take the small writers, and are tested against `encodeValue`.
 */
import type { Json, Output } from '../plugins/contract.ts'
import { encodeCsv } from './csv.ts'
import { encodeJson, encodeText } from './json.ts'
import { encodeXml } from './xml.ts'

export { collect, oneChunk } from './collect.ts'
export {
  CsvReader,
  csvCell,
  csvEmpty,
  csvHeader,
  csvQuote,
  csvRow,
  decodeCsv,
  decodeCsvSlices,
  encodeCsv,
} from './csv.ts'
export { decodeForm } from './form.ts'
export { encodeJson, encodeText, escapeText, exactNumber, parseJson } from './json.ts'
export { parseSlices } from './json-slices.ts'
export { isMultipart, multipartParts, type Part } from './multipart.ts'
export { decodeXml, encodeXml, xmlClose, xmlElement, xmlName, xmlOpen, xmlText } from './xml.ts'
export { readZip, type ZipEntry, type ZipInput, type ZipLimits, type ZipSource, zipOf, zipPath } from './zip.ts'

/** The text of a value in the output's format. The value is printed as it is: wrapping is done by who made it. */
export function formatValue(output: Output, value: Json): string {
  switch (output.format) {
    case 'json':
      return encodeJson(value)
    case 'xml':
      return encodeXml(value, output.xmlRoot, output.wrapperName)
    case 'csv':
      return encodeCsv(value, output.wrapperName)
    case 'text':
      return encodeText(value)
  }
}

/** The whole body of a value, in UTF-8. */
export function encodeValue(output: Output, value: Json): Uint8Array {
  return Buffer.from(formatValue(output, value), 'utf8')
}
