/** Documents that administrators wrote for a service (control-plane 4.3, 6.1): laid over what the service tells of itself. */

import { upgrade } from '@scalar/openapi-upgrader'
import type { Json, Log, OpenApiPart, ServiceRecord } from 'dataferry/sdk'
import { parse } from 'yaml'
import { isObject, type JsonObject, objectOf } from './shapes.ts'

/** A document is JSON or YAML, which JSON is part of. One that can't be read counts as none, with a warning. */
export function readStored(content: string, service: ServiceRecord, log: Log): OpenApiPart | null {
  let document: Json
  try {
    const written = parse(filled(content, service), { maxAliasCount: 100 }) as Json
    document = isSwagger(written) ? (upgrade(written, '3.1') as unknown as Json) : written
  } catch (error) {
    log.warn('the document of a service can not be read', { service: service.name, error })
    return null
  }
  if (!isObject(document) || !String(document.openapi ?? '').startsWith('3.')) {
    log.warn('the document of a service is neither of OpenAPI 3 nor of Swagger 2', { service: service.name })
    return null
  }
  const components = objectOf(document.components)
  return {
    paths: slashed(objectOf(document.paths)),
    schemas: objectOf(components.schemas),
    parameters: objectOf(components.parameters),
  }
}

const isSwagger = (document: Json): document is JsonObject =>
  isObject(document) && String(document.swagger ?? '').startsWith('2')

export const laidOver = (below: OpenApiPart, above: OpenApiPart | null): OpenApiPart =>
  above === null
    ? below
    : {
        paths: { ...below.paths, ...above.paths },
        schemas: { ...below.schemas, ...above.schemas },
        parameters: { ...below.parameters, ...above.parameters },
      }

/** `{service.name}` and its kin. */
function filled(content: string, { name, label, description }: ServiceRecord): string {
  const capital = name.slice(0, 1).toUpperCase() + name.slice(1)
  const values: { readonly [placeholder: string]: string } = {
    name,
    names: `${name}s`,
    Name: capital,
    label,
    description: description ?? '',
  }
  // Inside of texts in quotes, so that a value can not end one.
  return content.replace(/\{service\.(\w+)\}/g, (whole, key: string) =>
    Object.hasOwn(values, key) ? JSON.stringify(values[key]).slice(1, -1) : whole,
  )
}

const slashed = (paths: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(paths)
      .filter(([path]) => !path.startsWith('x-'))
      .map(([path, item]) => [path.startsWith('/') ? path : `/${path}`, item]),
  )
