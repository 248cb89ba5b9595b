/** A CouchDB service over databases of its own, for the tests of this folder. */
import { answerOf, type Case, houseHost, requestOf } from 'dataferry/conformance'
import type { ConfigValues, Json, Service } from 'dataferry/sdk'
import { couchService } from '../../../connectors/couchdb/plugin.ts'
import { ask, type Couch, couchSpace } from '../../support/couchdb.ts'

type Answer = Awaited<ReturnType<typeof answerOf>>

export interface TestService {
  readonly service: Service
  ask(asked: Pick<Case, 'ask' | 'query' | 'body' | 'as'>): Promise<Answer>
  /** Past the service; `path` begins with one of its databases. */
  direct(method: string, path: string, body?: unknown): Promise<unknown>
  close(): Promise<void>
}

/** `databases`: what is made for it. */
export async function openService(
  couch: Couch,
  databases: readonly string[],
  config: ConfigValues = {},
): Promise<TestService> {
  const space = couchSpace(couch)
  const service = couchService({ ...space.config, ...config }, await houseHost())
  const direct = (method: string, path: string, body?: unknown): Promise<unknown> =>
    ask(couch, method, space.config.options.prefix + path, body)
  for (const name of databases) await direct('PUT', name)
  return {
    service,
    direct,
    ask: (asked) => answerOf(service, requestOf(asked)),
    async close() {
      await service.close()
      await space.remove()
    },
  }
}

type Row = { readonly [name: string]: Json }

/** The rows of a list. */
export const rowsOf = ({ body }: Answer): readonly Row[] => (body as { readonly resource: readonly Row[] }).resource

export const rowOf = ({ body }: Answer): Row => body as Row
