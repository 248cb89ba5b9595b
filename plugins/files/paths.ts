/**
 * Paths of files, as clients write them -> segments. Nothing that is one of these leaves its folder or means another file than it
 * says, on any system. Everything that becomes a path on disk comes through here.
 */
import { BadRequest } from 'dataferry/sdk'

export type Path = readonly string[]

/** Where uploads are while they arrive: in the root, so that finishing one is a rename. Nobody can name or see it. */
export const partialFolder = '.dataferry-partial'

const segmentBytes = 255
const segmentsMost = 64

/** Throws BadRequest for what can't be a path. Doubled slashes and those at the ends do not count. */
export function pathOf(text: string): Path {
  return checkedPath(text.split('/').filter((segment) => segment !== ''))
}

/** The same of segments. */
export function checkedPath(segments: Path): Path {
  if (segments.length > segmentsMost) throw new BadRequest(`A path has at most ${segmentsMost} folders.`)
  for (const segment of segments) checkSegment(segment)
  if (segments[0]?.toLowerCase() === partialFolder) throw new BadRequest(`The name '${segments[0]}' is reserved.`)
  return segments
}

/** Throws BadRequest for what can't be the name of one file. */
export function checkedName(name: string): string {
  checkSegment(name)
  return name
}

function checkSegment(segment: string): void {
  const shown = segment.replace(/\p{Cc}/gu, '?').slice(0, 100)
  // A name that some client would decode once more into another path.
  if (/^\.{1,2}$/.test(segment) || /[/\\]|%(?:25)*(?:2f|5c|00)/i.test(segment) || isEncodedDots(segment))
    throw new BadRequest(`The path must not hold '${shown}'.`)
  if (segment === '') throw new BadRequest('A name is empty.')
  if (/\p{Cc}/u.test(segment)) throw new BadRequest('The path must not hold control characters.')
  if (!segment.isWellFormed()) throw new BadRequest('The path is not valid Unicode.')
  if (Buffer.byteLength(segment) > segmentBytes)
    throw new BadRequest(`A name is longer than ${segmentBytes} bytes: '${shown}'.`)
  if (process.platform === 'win32') checkForWindows(segment, shown)
}

const isEncodedDots = (segment: string): boolean =>
  /%(?:25)*2e/i.test(segment) && /^\.{1,2}$/.test(segment.replace(/%(?:25)*2e/gi, '.'))

/** Streams, devices, short names, and endings that are cut off: there one name means another file. */
function checkForWindows(segment: string, shown: string): void {
  if (/[<>:"|?*]|[. ]$|~\d/.test(segment) || /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(segment))
    throw new BadRequest(`The name '${shown}' can not be used on this server.`)
}

/** The name of an uploaded file as a form tells it: its last segment, without control characters and leading dots. */
export function uploadName(given: string): string {
  const name = given
    .replace(/^.*[/\\]/s, '')
    .replace(/\p{Cc}/gu, '')
    .replace(/^[.\s]+/, '')
    .trim()
  if (name === '') throw new BadRequest('An uploaded file has no name.')
  return checkedName(name)
}

/** As answers show it. */
export const fileText = (path: Path): string => path.join('/')
export const folderText = (path: Path): string => (path.length === 0 ? '' : `${path.join('/')}/`)
export const nameOf = (path: Path): string => path.at(-1) ?? ''

/** Whether `path` is `folder` or below it. */
export const isBelow = (path: Path, folder: Path): boolean =>
  path.length >= folder.length && folder.every((segment, index) => segment === path[index])
