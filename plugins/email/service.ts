/** A mail service (control-plane 10.1): POST sends; other services send through its ability. */
import {
  type Ability,
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Caller,
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
import { Attachments, mailOfForm } from './attachments.ts'
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
    const attachments = new Attachments(this.#host, signal)
    const sent = await mailOf(request, attachments)
    const count = await this.#send(sent, signal, { caller: request.caller, attachments })
    return { status: 200, headers: {}, body: { kind: 'value', value: { count } } }
  }

  send(mail: Values, signal: AbortSignal): Promise<number> {
    return this.#send(mail, signal, { caller: null, attachments: new Attachments(this.#host, signal) })
  }

  /** Lookups of the caller are what placeholders may stand for beside what was sent. */
  async #send(
    mail: Values,
    signal: AbortSignal,
    { caller, attachments }: { readonly caller: Caller | null; readonly attachments: Attachments },
  ): Promise<number> {
    const template = await this.#template(mail)
    const source = {
      sent: mail,
      template,
      parameters: { ...caller?.lookups, ...this.#parameters },
      sender: this.#sender,
    }
    // What can be no mail is told before anything is fetched for it.
    messageOf(source)
    await attachments.addAll(mail.attachment ?? template?.attachment ?? null, caller)
    return this.#transport.send(messageOf({ ...source, attachments: attachments.all }), signal)
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
async function mailOf({ body, query }: ApiRequest, attachments: Attachments): Promise<Values> {
  const sent = body.kind === 'value' ? body.value : body.kind === 'raw' ? await mailOfForm(body, attachments) : null
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
