/** What holds for every document: it is valid by the schema of OpenAPI, and all that it refers to is in it. */
import assert from 'node:assert/strict'
import { Validator } from '@seriousme/openapi-schema-validator'

/** Of tables and of their columns. */
export const hostileNames = [
  'a b',
  'or"der',
  "Region's",
  'x{y}',
  '{table_name}',
  'per%cent',
  'sl/ash',
  'que?ry#hash',
  '名前',
  '__proto__',
  'constructor',
  'a_b',
]

export interface Document {
  readonly openapi: string
  readonly info: { readonly [name: string]: unknown }
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: { readonly [path: string]: { readonly [verb: string]: Operation } }
  readonly components: { readonly schemas: { readonly [name: string]: RecordSchema } }
}
export interface Operation {
  readonly operationId: string
  readonly summary?: string
  readonly parameters?: readonly { readonly name?: string; readonly schema?: { readonly enum?: readonly string[] } }[]
}
export interface RecordSchema {
  readonly required?: readonly string[]
  readonly allOf?: readonly RecordSchema[]
  readonly properties: { readonly [field: string]: { readonly [keyword: string]: unknown } }
}

const validator = new Validator()

/** Throws AssertionError unless the document is right; `version` is `3.1` or `3.0`. */
export async function checkDocument(document: Document, version: string): Promise<void> {
  assert.ok(document.openapi.startsWith(version), document.openapi)
  const info = Object.entries(document.info).filter(([name]) => !['title', 'description', 'version'].includes(name))
  assert.ok(
    info.every(([name]) => name.startsWith('x-')),
    'nothing in info that OpenAPI has not',
  )
  const { valid, errors } = await validator.validate({ ...document })
  assert.ok(valid, JSON.stringify(errors ?? '').slice(0, 2_000))
  checkInside(document)
  if (version === '3.0') assert.ok(!/"type":\[|"type":"null"/.test(JSON.stringify(document)))
}

/** Every template parameter is described, no operation's id is there twice, and every reference leads somewhere. */
function checkInside(document: Document): void {
  const ids = new Set<string>()
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [verb, operation] of Object.entries(item)) {
      if (verb === 'parameters') continue
      assert.ok(!ids.has(operation.operationId), `${operation.operationId} is there twice`)
      ids.add(operation.operationId)
      const declared = [...((item.parameters ?? []) as unknown as { name: string }[]), ...(operation.parameters ?? [])]
      for (const [, name] of path.matchAll(/\{([^{}]+)\}/g))
        assert.ok(
          declared.some((each) => each.name === name),
          `${verb} ${path}: ${name} is described`,
        )
    }
  }
  for (const [, ref = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = ref
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document)
    assert.ok(found !== undefined, `${ref} leads somewhere`)
  }
}
