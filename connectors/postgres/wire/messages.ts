/** The messages that are sent, as bytes: results come as text, and so do parameters but for the arrays of batches. */

/** A parameter as text; null is NULL. */
export type TextParameter = string | null
/** A parameter as text, or as the bytes of its type's binary form. */
export type WireParameter = TextParameter | Uint8Array

const code = { bind: 66, close: 67, execute: 69, parse: 80, query: 81, sync: 83 } as const

/** Execute of the unnamed portal without a limit, then Sync. */
const executeAll = Buffer.from([code.execute, 0, 0, 0, 9, 0, 0, 0, 0, 0, code.sync, 0, 0, 0, 4])
const sync = Buffer.from([code.sync, 0, 0, 0, 4])

const cString = (text: string): Buffer => Buffer.from(`${text}\0`)

/** Gives a text a name on the server. Types are left to the server. */
export function parseMessage(name: string, text: string): Buffer {
  const head = cString(name)
  const body = cString(text)
  const message = Buffer.alloc(1 + 4 + head.length + body.length + 2)
  message[0] = code.parse
  message.writeInt32BE(message.length - 1, 1)
  head.copy(message, 5)
  body.copy(message, 5 + head.length)
  return message
}

/** Drops a named statement, or a portal. */
export function closeMessage(kind: 'statement' | 'portal', name: string): Buffer {
  const message = Buffer.from(`C\0\0\0\0${kind === 'statement' ? 'S' : 'P'}${name}\0`)
  message.writeInt32BE(message.length - 1, 1)
  return message
}

/** A simple query: one or more statements, and the end of what belongs together. */
export function queryMessage(text: string): Buffer {
  const message = Buffer.from(`Q\0\0\0\0${text}\0`)
  message.writeInt32BE(message.length - 1, 1)
  return message
}

/** Execute of a named portal for some rows, then Sync. */
export function fetchMessage(portal: string, rows: number): Buffer {
  const name = cString(portal)
  const message = Buffer.alloc(1 + 4 + name.length + 4)
  message[0] = code.execute
  message.writeInt32BE(message.length - 1, 1)
  name.copy(message, 5)
  message.writeInt32BE(rows, 5 + name.length)
  return Buffer.concat([message, sync])
}

/** The messages before it, then Bind of a statement to the unnamed portal, Execute, Sync: in one piece. */
export function bindAndExecute(
  before: readonly Buffer[],
  statement: string,
  parameters: readonly WireParameter[],
): Buffer {
  return withBind(before, '', statement, parameters, executeAll)
}

const describeAndExecute = Buffer.concat([Buffer.from([68, 0, 0, 0, 6, 80, 0]), executeAll])

/** The same, answered by a description of the columns before the rows. */
export function bindDescribeAndExecute(
  before: readonly Buffer[],
  statement: string,
  parameters: readonly WireParameter[],
): Buffer {
  return withBind(before, '', statement, parameters, describeAndExecute)
}

/** The same with a named portal, from which `rows` rows are fetched. */
export function bindAndFetch(
  before: readonly Buffer[],
  portal: string,
  statement: string,
  parameters: readonly WireParameter[],
  rows: number,
): Buffer {
  return withBind(before, portal, statement, parameters, fetchMessage(portal, rows))
}

function withBind(
  before: readonly Buffer[],
  portal: string,
  statement: string,
  parameters: readonly WireParameter[],
  after: Buffer,
): Buffer {
  const binary = parameters.some((parameter) => parameter instanceof Uint8Array)
  const formats = binary ? parameters.length : 0
  const fixed = 1 + 4 + portal.length + 1 + statement.length + 1 + 2 + formats * 2 + 2 + parameters.length * 4 + 2
  let size = fixed + after.length
  for (const message of before) size += message.length
  const lengths = new Int32Array(parameters.length)
  for (let i = 0; i < parameters.length; i++) {
    const length = lengthOf(parameters[i] as WireParameter)
    lengths[i] = length
    if (length > 0) size += length
  }
  const out = Buffer.allocUnsafe(size)
  let at = 0
  for (const message of before) at += message.copy(out, at)
  const start = at
  out[at] = code.bind
  at += 5
  at += out.write(portal, at, 'latin1')
  out[at++] = 0
  at += out.write(statement, at, 'latin1')
  out[at++] = 0
  at = out.writeUInt16BE(formats, at)
  for (let i = 0; i < formats; i++) at = out.writeUInt16BE(parameters[i] instanceof Uint8Array ? 1 : 0, at)
  at = out.writeUInt16BE(parameters.length, at)
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i] as WireParameter
    at = out.writeInt32BE(lengths[i] as number, at)
    if (typeof parameter === 'string') {
      at += out.write(parameter, at, 'utf8')
    } else if (parameter !== null) {
      out.set(parameter, at)
      at += parameter.length
    }
  }
  at = out.writeInt16BE(0, at)
  out.writeInt32BE(at - start - 1, start + 1)
  at += after.copy(out, at)
  return out
}

function lengthOf(parameter: WireParameter): number {
  if (parameter === null) return -1
  return typeof parameter === 'string' ? Buffer.byteLength(parameter) : parameter.length
}
