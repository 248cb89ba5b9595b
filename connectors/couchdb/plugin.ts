/** The CouchDB connector: databases of a server as tables, and their views. */
import { documentStore } from 'dataferry/document'
import { RecordService, RecordStoreAbility } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  type ConfigValues,
  NotFound,
  type Plugin,
  type ServiceHost,
} from 'dataferry/sdk'
import { CouchAdapter } from './adapter.ts'
import { CouchClient } from './client.ts'
import { checkCouch, couchConfig, readCouch } from './config.ts'
import { asksView, viewReply } from './view.ts'

class CouchService extends RecordService {
  readonly #client: CouchClient
  readonly #host: ServiceHost

  constructor(client: CouchClient, config: ConfigValues, host: ServiceHost) {
    const { wrapper } = host.settings.api
    const store = documentStore(new CouchAdapter(client), {
      wrapperName: wrapper,
      numericIds: false,
      idType: 'string',
      revision: '_rev',
      can: { returning: true },
    })
    super(store, { host, config })
    this.#client = client
    this.#host = host
  }

  override async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    if (!asksView(request)) return super.handle(request, signal)
    const [, name = ''] = request.path
    const table = (await this.ability(RecordStoreAbility)?.catalog.table(name)) ?? null
    if (table === null) throw new NotFound(`Table "${name}" does not exist in the database.`)
    return viewReply(this.#client, this.#host, { request, table, name }, signal)
  }
}

/** For `ServiceType.create`. No I/O: the first use connects. */
export function couchService(config: ConfigValues, host: ServiceHost): RecordService {
  const { statementTimeoutMs } = host.settings.records
  const client = new CouchClient(() => readCouch(config, statementTimeoutMs), statementTimeoutMs)
  return new CouchService(client, config, host)
}

const plugin: Plugin = {
  name: 'couchdb',
  api: 1,
  types: [
    {
      name: 'couchdb',
      label: 'CouchDB',
      group: 'Database',
      description: 'Database service for CouchDB connections.',
      config: couchConfig,
      body: 'value',
      check: checkCouch,
      create: couchService,
    },
  ],
}
export default plugin
