/**
 * Mails that the house sends: invitations, confirmations of registrations, password resets. Each is noted in the transaction of
 * what it is about and forgotten when a mail service took it; what none took stays in the outbox, which administrators read
 * (control-plane 1.8). Nobody waits for a mail service, so that no answer's time tells whether there was a mail to send.
 */
import { type Json, type Log, MailerAbility, type Service, type Snapshot } from 'dataferry/sdk'
import { numberAt, optionalAt, textAt } from '../store/columns.ts'
import type { Secrets } from '../store/secrets.ts'
import type { StoreRow, Tables, Transaction } from '../store/tables.ts'
import { stampOf } from '../store/time.ts'

export type Purpose = 'invite' | 'open_reg' | 'password'

/** A mail with a code to the holder of an account. */
export interface Letter {
  readonly purpose: Purpose
  /** The row of the account. */
  readonly user: StoreRow
  readonly code: string
  /** Where links lead; null: to this server, at an address that nobody trustworthy told. */
  readonly origin: string | null
}

export interface DeskDeps {
  readonly store: Tables
  readonly secrets: Secrets
  readonly snapshot: () => Snapshot
  readonly service: (name: string) => Promise<Service>
  readonly instanceName: string
  readonly links: { readonly [P in Purpose]: string }
  readonly log: Log
}

const seal = 'outbox.content'
const underWay = 'It is being sent.'
const patienceMs = 60_000

export class MailDesk {
  readonly #deps: DeskDeps
  readonly #underWay = new Set<Promise<void>>()
  readonly #stopped = new AbortController()

  constructor(deps: DeskDeps) {
    this.#deps = deps
  }

  /** What was being sent when the server was killed: nobody knows whether it arrived. */
  async start(): Promise<void> {
    const reason = 'The server ended while it was being sent.'
    await this.#deps.store.transaction((tx) => tx.update('outbox', { reason: underWay }, { reason }))
  }

  /** In the transaction that makes the code: notes the mail. An older one to the same person holds a code that is void by now. */
  async note(tx: Transaction, letter: Letter): Promise<number> {
    const user = numberAt(letter.user, 'id')
    await tx.remove('outbox', { user_id: user })
    return tx.insert('outbox', {
      user_id: user,
      purpose: letter.purpose,
      email: textAt(letter.user, 'email'),
      content: this.#deps.secrets.seal(JSON.stringify({ code: letter.code, link: this.#link(letter) }), seal),
      reason: underWay,
      created_date: stampOf(new Date()),
    })
  }

  /** After the commit. Returns at once. */
  send(noted: number, letter: Letter): void {
    this.inBackground(() => this.#deliver(noted, letter))
  }

  /** Runs work that no answer waits for; the stop of the server does. */
  inBackground(work: () => Promise<void>): void {
    const running = work()
      .catch((error: unknown) => {
        this.#deps.log.error('work behind an answer failed', { error })
      })
      .finally(() => this.#underWay.delete(running))
    this.#underWay.add(running)
  }

  /** What is under way is done or given up. */
  async close(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#underWay)
  }

  /** Everything begun so far is done. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** The rows of the outbox as administrators read them. */
  shown(row: StoreRow): StoreRow {
    const { content, ...rest } = row
    const text = typeof content === 'string' ? this.#deps.secrets.tryOpen(content, seal) : null
    const { code = null, link = null } = text === null ? {} : (JSON.parse(text) as { code?: string; link?: string })
    return { ...rest, confirm_code: code, link }
  }

  async #deliver(noted: number, letter: Letter): Promise<void> {
    const { store, log } = this.#deps
    try {
      const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(patienceMs)])
      await this.#hand(letter, signal)
      await store.transaction((tx) => tx.remove('outbox', { id: noted }))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      log.warn('a mail could not be sent: its code is in the outbox of the administrators', {
        purpose: letter.purpose,
        user: letter.user.id,
        reason,
      })
      await store.transaction((tx) => tx.update('outbox', { id: noted }, { reason: reason.slice(0, 255) }))
    }
  }

  async #hand(letter: Letter, signal: AbortSignal): Promise<void> {
    const { snapshot, service, instanceName } = this.#deps
    const config = configFor(letter, snapshot())
    const mailService = snapshot().servicesById.get(Number(config[`${letter.purpose}_email_service_id`] ?? 0))
    const template = config[`${letter.purpose}_email_template_id`] ?? null
    if (mailService === undefined || template === null) throw new Error('No email service and template are configured.')
    const mailer = (await service(mailService.name)).ability?.(MailerAbility)
    if (mailer === undefined) throw new Error(`The service '${mailService.name}' sends no mails.`)
    const { user, code } = letter
    const fields = ['first_name', 'last_name', 'name', 'email', 'phone', 'username'] as const
    const person = Object.fromEntries(fields.map((field) => [field, optionalAt(user, field) ?? '']))
    await mailer.send(
      {
        ...person,
        template_id: template,
        to: [{ name: optionalAt(user, 'name') ?? '', email: textAt(user, 'email') }],
        confirm_code: code,
        link: this.#link(letter),
        instance_name: instanceName,
        app_name: instanceName,
      },
      signal,
    )
  }

  #link({ purpose, user, code, origin }: Letter): string {
    const query = new URLSearchParams({ code, email: textAt(user, 'email'), username: textAt(user, 'username') })
    if (purpose === 'invite') query.set('admin', user.is_sys_admin === true ? '1' : '0')
    const base = this.#deps.links[purpose]
    return `${/^https?:\/\//i.test(base) ? '' : (origin ?? '')}${base}?${query}`
  }
}

/** Administrators' mails are set at the system service, users' at the user service (control-plane 1.9). */
function configFor({ user }: Letter, { services }: Snapshot): { readonly [name: string]: Json } {
  const type = user.is_sys_admin === true ? 'system' : 'user'
  return [...services.values()].find((service) => service.type === type)?.config ?? {}
}
