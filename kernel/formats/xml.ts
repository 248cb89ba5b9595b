/**
 * XML in (data-plane 2.6) and out (2.10). Reading knows elements and text only: attributes are ignored, all leaves are
 * texts, and a document type declaration is refused, because it can only be an attack or a loss.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { BadRequest } from '../errors.ts'
import { Decimal, type Json } from '../plugins/contract.ts'

const textName = '#text'
const cdataName = '#cdata'
/** The parser renames elements that would be dangerous as property names; this makes it undone. */
const guard = '#guarded:'
/** Names that it would refuse. */
const critical: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const maxDepth = 256

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  trimValues: false,
  // Done here, once and without expansion: a document has no entities of its own.
  processEntities: false,
  textNodeName: textName,
  cdataPropName: cdataName,
  maxNestedTags: maxDepth,
  strictReservedNames: false,
  onDangerousProperty: (name: string) => guard + name,
  transformTagName: (name: string) => (critical.has(name) ? guard + name : name),
})

/** One entry of the parser's ordered tree: one key, the element's name, whose value are its entries. */
type Entry = { readonly [name: string]: readonly Entry[] | string }

/**
 * The value of an XML document: the root element is stripped unless it is the wrapper itself, repeated elements become a list.
 *
 * @throws BadRequest that says where the text stops being XML.
 */
export function decodeXml(text: string, wrapper: string): Json {
  refuseDoctype(text)
  const checked = XMLValidator.validate(text)
  if (checked !== true) {
    const { line, col, msg } = checked.err
    throw new BadRequest(`The body is not valid XML: line ${line ?? 1}, column ${col ?? 1}: ${msg.replace(/\.$/, '')}.`)
  }
  const roots = (parse(text) as readonly Entry[]).filter((entry) => nameOf(entry) !== textName)
  const [root] = roots
  if (root === undefined || roots.length > 1)
    throw new BadRequest('The body is not valid XML: it must have exactly one root element.')
  const name = nameOf(root)
  const value = element(root)
  if (name !== wrapper) return value
  const wrapped: { [key: string]: Json } = Object.create(null)
  wrapped[name] = value
  return wrapped
}

function parse(text: string): unknown {
  try {
    return parser.parse(text)
  } catch (error) {
    throw new BadRequest('The body is not valid XML: it is nested too deep.', { cause: error })
  }
}

/** Only comments, processing instructions and blanks may stand before a document type. */
function refuseDoctype(text: string): void {
  const prolog = /^(?:\s+|<\?[\s\S]*?\?>|<!--[\s\S]*?-->)*/.exec(text)?.[0] ?? ''
  if (/^<!doctype/i.test(text.slice(prolog.length, prolog.length + 9))) {
    throw new BadRequest('The body must not have a document type declaration (<!DOCTYPE).')
  }
}

function nameOf(entry: Entry): string {
  for (const name in entry) if (name !== ':@') return name
  return textName
}

function element(entry: Entry): Json {
  const children = entry[nameOf(entry)]
  if (children === undefined || typeof children === 'string') return children ?? ''
  let text = ''
  let object: { [key: string]: Json } | null = null
  for (const child of children) {
    const name = nameOf(child)
    if (name === textName) {
      text += decodeEntities(String(child[name]))
    } else if (name === cdataName) {
      text += cdata(child)
    } else {
      object ??= Object.create(null) as { [key: string]: Json }
      add(object, name.startsWith(guard) ? name.slice(guard.length) : name, element(child))
    }
  }
  // Text between elements is layout.
  return object ?? text
}

const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

/** The five entities of XML and characters by number; anything else stays as it was written. */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities.get(name as string) ?? whole
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16)
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : whole
  })
}

function cdata(entry: Entry): string {
  const parts = entry[cdataName]
  if (typeof parts === 'string') return parts
  return (parts ?? []).map((part) => String(part[textName] ?? '')).join('')
}

/** A repeated element is a list. Lists come from here alone: an element itself is a text or an object. */
function add(object: { [key: string]: Json }, name: string, value: Json): void {
  const known = object[name]
  if (known === undefined) object[name] = value
  else if (Array.isArray(known)) known.push(value)
  else object[name] = [known, value]
}

const escapes: { readonly [char: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#039;',
}
/** Characters that no XML 1.0 document may hold, however they are written. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** Text as the content of an element. */
export function xmlText(text: string): string {
  return text.replace(/[&<>"']/g, (char) => escapes[char] ?? char).replace(forbidden, '\ufffd')
}

/** A key as the name of an element: what XML does not allow in names becomes `_`. */
export function xmlName(key: string): string {
  const name = key.replace(/[^\p{L}\p{N}_.-]/gu, '_')
  return /^[\p{L}_]/u.test(name) ? name : `_${name}`
}

/** The lines of one member at an indent of `depth` tabs; a list repeats its key and vanishes when it is empty. */
export function xmlElement(key: string, value: Json, depth: number): string {
  const name = xmlName(key)
  return Array.isArray(value) ? value.map((item: Json) => one(name, item, depth)).join('') : one(name, value, depth)
}

function one(name: string, value: Json, depth: number): string {
  const indent = '\t'.repeat(depth)
  if (value === null || typeof value !== 'object' || value instanceof Decimal)
    return `${indent}<${name}>${scalar(value)}</${name}>\n`
  const inner = Array.isArray(value)
    ? value.map((item: Json) => one('item', item, depth + 1)).join('')
    : members(value as Members, depth + 1)
  return inner === '' ? `${indent}<${name}></${name}>\n` : `${indent}<${name}>\n${inner}${indent}</${name}>\n`
}

type Members = { readonly [key: string]: Json }

function members(object: Members, depth: number): string {
  let text = ''
  for (const key of Object.keys(object)) text += xmlElement(key, object[key] ?? null, depth)
  return text
}

function scalar(value: null | boolean | number | bigint | string | Decimal): string {
  return value === null ? '' : typeof value === 'string' ? xmlText(value) : String(value)
}

/** What stands before the members of the root element. */
export const xmlOpen = (root: string): string => `<?xml version="1.0" ?><${xmlName(root)}>\n`
export const xmlClose = (root: string): string => `</${xmlName(root)}>\n`

/** A whole document. A bare list has no key of its own: its entries are elements named `wrapper`. */
export function encodeXml(value: Json, root: string, wrapper: string): string {
  if (value === null || typeof value !== 'object' || value instanceof Decimal) {
    return `<?xml version="1.0" ?><${xmlName(root)}>${scalar(value)}</${xmlName(root)}>`
  }
  const inner = Array.isArray(value) ? xmlElement(wrapper, value, 1) : members(value as Members, 1)
  return xmlOpen(root) + inner + xmlClose(root)
}
