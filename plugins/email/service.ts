/** A mail service (control-plane 10.1): POST sends; other services send through its ability. */
import {
  type Ability,
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type ConfigValues,
  EmailTemplatesAbility,
  type Json,
  type Mailer,
  MailerAbility,
  NotFound,
  type OpenApiPart,
  type Service,
  type ServiceHost,
} from 'dataferry/sdk'
import { emailPart } from './describe.ts'
import { messageOf } from './message.ts'
import type { Values } from './placeholders.ts'
import type { Transport } from './transport.ts'

export class EmailService implements Service, Mailer {
  readonly #host: ServiceHost
  readonly #transport: Transport
  readonly #parameters: Values
  readonly #sender: string

  constructor(config: ConfigValues, host: ServiceHost, transport: Transport) {
    this.#host = host
    this.#transport = transport
    this.#parameters = parametersOf(config)
    const { username } = config
    this.#sender = typeof username === 'string' && username.includes('@') ? username : 'no-reply@localhost'
  }

  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const { name } = this.#host.service
    const [first] = request.path
    if (first !== undefined) throw new NotFound(`Resource '${first}' not found for service '${name}'.`)
    if (request.verb !== 'POST')
      throw new BadRequest(
        `${request.verb} requests without a resource are not currently supported by the '${name}' service.`,
      )
    const count = await this.send(mailOf(request), signal, request.caller.lookups)
    return { status: 200, headers: {}, body: { kind: 'value', value: { count } } }
  }

  /** `lookups`: what placeholders may stand for beside what was sent. */
  async send(mail: Values, signal: AbortSignal, lookups: Values = {}): Promise<number> {
    const template = await this.#template(mail)
    const parameters = { ...lookups, ...this.#parameters }
    return this.#transport.send(messageOf({ sent: mail, template, parameters, sender: this.#sender }), signal)
  }

  async resources(): Promise<readonly string[]> {
    return ['', '*']
  }

  async describe(): Promise<OpenApiPart> {
    return emailPart
  }

  ability<T>(wanted: Ability<T>): T | undefined {
    return wanted.name === MailerAbility.name ? (this as Mailer as T) : undefined
  }

  probe(signal: AbortSignal): Promise<void> {
    return this.#transport.probe(signal)
  }

  async close(): Promise<void> {
    this.#transport.close()
  }

  async #template({ template = null, template_id = null }: Values): Promise<Values | null> {
    if (template !== null && template !== '') {
      const found = await this.#host.ask(EmailTemplatesAbility).find({ name: String(template) })
      if (found === null) throw new NotFound(`Email Template '${String(template)}' not found`)
      return found
    }
    if (template_id === null || template_id === '') return null
    const id = Number(template_id)
    const found = Number.isSafeInteger(id) ? await this.#host.ask(EmailTemplatesAbility).find({ id }) : null
    if (found === null) throw new NotFound(`Email Template id '${String(template_id)}' not found`)
    return found
  }
}

/** The body, with the template that the query names. */
function mailOf({ body, query }: ApiRequest): Values {
  const sent = body.kind === 'value' ? body.value : null
  const isObject = typeof sent === 'object' && sent !== null && !Array.isArray(sent)
  if (!isObject || Object.keys(sent).length === 0) throw new BadRequest('No valid data in request.')
  const named: { [name: string]: Json } = {}
  for (const name of ['template', 'template_id']) {
    const value = query.get(name)
    if (value !== undefined) named[name] = value
  }
  return { ...(sent as Values), ...named }
}

function parametersOf({ parameters = null }: ConfigValues): Values {
  const values: { [name: string]: Json } = {}
  for (const row of Array.isArray(parameters) ? (parameters as readonly Json[]) : []) {
    const { name = null, value = null, active = true } = (row ?? {}) as Values
    if (typeof name === 'string' && active === true) values[name] = value
  }
  return values
}
