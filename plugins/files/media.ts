/** Media types by the endings of names, and the first bytes that files of some endings must have (control-plane 9.3, 13.4). */

const types: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'application/epub+zip': 'epub',
    'application/gzip': 'gz tgz',
    'application/java-archive': 'jar',
    'application/javascript': 'js mjs cjs',
    'application/json': 'json map',
    'application/manifest+json': 'webmanifest',
    'application/msword': 'doc',
    'application/ogg': 'ogx',
    'application/pdf': 'pdf',
    'application/rtf': 'rtf',
    'application/sql': 'sql',
    'application/vnd.ms-excel': 'xls',
    'application/vnd.ms-powerpoint': 'ppt',
    'application/vnd.oasis.opendocument.spreadsheet': 'ods',
    'application/vnd.oasis.opendocument.text': 'odt',
    'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
    'application/wasm': 'wasm',
    'application/x-7z-compressed': '7z',
    'application/x-bzip2': 'bz2',
    'application/x-rar-compressed': 'rar',
    'application/x-sh': 'sh',
    'application/x-tar': 'tar',
    'application/x-xz': 'xz',
    'application/xhtml+xml': 'xhtml',
    'application/xml': 'xml xsl xsd',
    'application/yaml': 'yaml yml',
    'application/zip': 'zip dfpkg',
    'audio/aac': 'aac',
    'audio/flac': 'flac',
    'audio/midi': 'mid midi',
    'audio/mp4': 'm4a',
    'audio/mpeg': 'mp3',
    'audio/ogg': 'oga ogg opus',
    'audio/wav': 'wav',
    'audio/webm': 'weba',
    'font/otf': 'otf',
    'font/ttf': 'ttf',
    'font/woff': 'woff',
    'font/woff2': 'woff2',
    'image/apng': 'apng',
    'image/avif': 'avif',
    'image/bmp': 'bmp',
    'image/gif': 'gif',
    'image/heic': 'heic',
    'image/jpeg': 'jpg jpeg',
    'image/png': 'png',
    'image/svg+xml': 'svg',
    'image/tiff': 'tif tiff',
    'image/webp': 'webp',
    'image/x-icon': 'ico',
    'text/calendar': 'ics',
    'text/css': 'css',
    'text/csv': 'csv',
    'text/html': 'html htm',
    'text/markdown': 'md markdown',
    'text/plain': 'txt log text conf ini env',
    'text/tab-separated-values': 'tsv',
    'text/vcard': 'vcf',
    'text/x-java': 'java',
    'text/x-php': 'php phtml',
    'text/x-python': 'py',
    'text/x-typescript': 'ts tsx',
    'video/mp2t': 'm2ts',
    'video/mp4': 'mp4 m4v',
    'video/mpeg': 'mpeg mpg',
    'video/ogg': 'ogv',
    'video/quicktime': 'mov',
    'video/webm': 'webm',
    'video/x-msvideo': 'avi',
  }).flatMap(([type, endings]) => endings.split(' ').map((ending) => [ending, type] as const)),
)

const unknown = 'application/octet-stream'

/** The part behind the last dot, lower case; a name that begins with its only dot has none. */
function endingOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase()
}

/** What a browser is told. */
export const typeOf = (name: string): string => types.get(endingOf(name)) ?? unknown

/** What properties show: the recorded answers call an empty file so, whatever its name. */
export const shownType = (name: string, length: number): string => (length === 0 ? 'application/x-empty' : typeOf(name))

/** Texts tell their character set. */
export const headerType = (type: string): string => (type.startsWith('text/') ? `${type};charset=UTF-8` : type)

/** What a browser would run in this server's name when it showed it. */
export const isActive = (type: string): boolean => /^text\/(?:html|xml)|^application\/xml|\+xml\b/.test(type)

type Signature = readonly (number | null)[]
const ascii = (text: string): Signature => [...text].map((character) => character.charCodeAt(0))
const zip: readonly Signature[] = [ascii('PK\x03\x04'), ascii('PK\x05\x06')]

/** By ending, any of which a file begins with. */
const signatures: ReadonlyMap<string, readonly Signature[]> = new Map([
  ...['zip', 'dfpkg', 'docx', 'xlsx', 'pptx', 'odt', 'ods', 'epub', 'jar'].map((ending) => [ending, zip] as const),
  ['png', [ascii('\x89PNG\r\n\x1a\n')]],
  ['apng', [ascii('\x89PNG\r\n\x1a\n')]],
  ['jpg', [[0xff, 0xd8, 0xff]]],
  ['jpeg', [[0xff, 0xd8, 0xff]]],
  ['gif', [ascii('GIF87a'), ascii('GIF89a')]],
  ['webp', [[...ascii('RIFF'), null, null, null, null, ...ascii('WEBP')]]],
  ['wav', [[...ascii('RIFF'), null, null, null, null, ...ascii('WAVE')]]],
  ['avi', [[...ascii('RIFF'), null, null, null, null, ...ascii('AVI ')]]],
  ['bmp', [ascii('BM')]],
  ['ico', [[0, 0, 1, 0]]],
  ['tif', [ascii('II*\0'), ascii('MM\0*')]],
  ['tiff', [ascii('II*\0'), ascii('MM\0*')]],
  ['pdf', [ascii('%PDF-')]],
  ['gz', [[0x1f, 0x8b]]],
  ['tgz', [[0x1f, 0x8b]]],
  ['bz2', [ascii('BZh')]],
  ['xz', [[0xfd, ...ascii('7zXZ\0')]]],
  ['7z', [ascii("7z\xbc\xaf'\x1c")]],
  ['rar', [ascii('Rar!\x1a\x07')]],
  ['doc', [[0xd0, 0xcf, 0x11, 0xe0]]],
  ['xls', [[0xd0, 0xcf, 0x11, 0xe0]]],
  ['ppt', [[0xd0, 0xcf, 0x11, 0xe0]]],
  ['rtf', [ascii('{\\rtf')]],
  ['wasm', [ascii('\0asm')]],
  ['woff', [ascii('wOFF')]],
  ['woff2', [ascii('wOF2')]],
])
/** Programs, which no file of another name may be. */
const programs: readonly Signature[] = [
  ascii('\x7fELF'),
  ascii('MZ'),
  [0xcf, 0xfa, 0xed, 0xfe],
  [0xca, 0xfe, 0xba, 0xbe],
]
const textual = /^text\/|json$|xml$|javascript$|yaml$|sql$/

/** How many bytes `fitsName` looks at. */
export const headBytes = 16

/** Whether a file that begins so can be what its name says. An empty file can be anything. */
export function fitsName(name: string, head: Uint8Array): boolean {
  if (head.length === 0) return true
  const begins = (signature: Signature): boolean =>
    head.length >= signature.length && signature.every((byte, at) => byte === null || byte === head[at])
  const wanted = signatures.get(endingOf(name))
  if (wanted !== undefined) return wanted.some(begins)
  return !(textual.test(typeOf(name)) && programs.some((program) => begins(program) && head.includes(0)))
}

export const isZip = (head: Uint8Array): boolean =>
  zip.some((signature) => signature.every((byte, at) => byte === head[at]))
