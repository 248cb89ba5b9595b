/** The service type `swagger` (control-plane 6): OpenAPI documents of services, made for who asks. */
import { DocumentsAbility, type OpenApiPart, type Plugin, type Service, type ServiceHost } from 'dataferry/sdk'
import { ServiceDocuments } from './documents.ts'

class SwaggerService implements Service {
  readonly #host: ServiceHost

  constructor(host: ServiceHost) {
    this.#host = host
  }

  handle: Service['handle'] = (request) => this.#host.ask(DocumentsAbility).docs(request)

  async resources(): Promise<readonly string[]> {
    return ['', '*']
  }

  async describe(): Promise<OpenApiPart> {
    const document = {
      description: 'An OpenAPI document',
      content: { 'application/json': { schema: { type: 'object' } } },
    }
    const responses = { 200: document }
    return {
      paths: {
        '/': { get: { summary: 'Describe all services.', responses } },
        '/{service_name}': { get: { summary: 'Describe one service.', responses } },
      },
      schemas: {},
    }
  }

  async close(): Promise<void> {}
}

const get = 1

const plugin: Plugin = {
  name: 'api-docs',
  api: 1,
  types: [
    {
      name: 'swagger',
      label: 'API Docs',
      group: 'API Doc',
      description: 'API documenting and testing service using Swagger specifications.',
      singleton: true,
      config: [],
      body: 'value',
      // What a document tells is decided by the rights on the services in it.
      open: [
        { component: '', verbs: get },
        { component: '*', verbs: get },
      ],
      create: (_config, host) => new SwaggerService(host),
    },
  ],
  async start(host) {
    host.offer(DocumentsAbility, new ServiceDocuments(host))
  },
}

export default plugin
