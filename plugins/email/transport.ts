/** How mails leave: by SMTP, or through the machine's own mail program. Nothing is run by a shell, and no file is read for a mail. */
import { existsSync } from 'node:fs'
import { type ConfigValues, type Json, ServiceUnavailable } from 'dataferry/sdk'
import type { Message } from './message.ts'

export interface Transport {
  /** Throws ServiceUnavailable when nobody took the mail. The number of recipients that were accepted. */
  send(message: Message, signal: AbortSignal): Promise<number>
  /** Throws ServiceUnavailable where no mail would be taken: the server can't be reached, or refuses the login. */
  probe(signal: AbortSignal): Promise<void>
  close(): void
}

const patienceMs = 20_000

/** What is asked of nodemailer. */
interface Sender {
  sendMail(mail: object): Promise<{ readonly accepted?: readonly unknown[] }>
  verify(): Promise<true>
  close(): void
}

/** Made when it is first needed, and nodemailer loaded. */
async function senderOf(options: object): Promise<Sender> {
  const { default: nodemailer } = await import('nodemailer')
  return nodemailer.createTransport({ ...options, disableFileAccess: true, disableUrlAccess: true }) as Sender
}

export function smtpTransport(config: ConfigValues): Transport {
  const { host = null, encryption = null, username = null, password = null } = config
  const options = {
    host: String(host),
    port: portOf(config.port ?? null),
    secure: encryption === 'ssl',
    requireTLS: encryption === 'tls',
    ...(username === null ? {} : { auth: { user: String(username), pass: String(password ?? '') } }),
    connectionTimeout: patienceMs,
    greetingTimeout: patienceMs,
    socketTimeout: patienceMs,
  }
  return transport(options, 'The mail server did not take the mail.', 'The mail server can not be used.')
}

/** Programs that take mails on this machine, in the order of trying. */
const programs = ['/usr/sbin/sendmail', '/usr/lib/sendmail', '/usr/bin/sendmail']

function mailProgram(): string {
  const path = programs.find((program) => existsSync(program))
  if (path !== undefined) return path
  throw new ServiceUnavailable('This machine has no mail program. Use a service of the type smtp_email.')
}

export function localTransport(): Transport {
  return {
    async probe() {
      mailProgram()
    },
    async send(message, signal) {
      const path = mailProgram()
      const failure = 'The mail program of this machine did not take the mail.'
      return transport({ sendmail: true, path }, failure).send(message, signal)
    },
    close: () => {},
  }
}

function transport(options: object, failure: string, unusable = failure): Transport {
  let made: Promise<Sender> | null = null
  const sender = (): Promise<Sender> => {
    made ??= senderOf(options)
    return made
  }
  return {
    async probe(signal) {
      const verifying = sender().then((mailer) => mailer.verify())
      const verified = verifying.catch((cause: unknown) => {
        throw new ServiceUnavailable(unusable, { cause })
      })
      await unlessAborted(verified, signal)
    },
    async send(message, signal) {
      signal.throwIfAborted()
      const { from, to, cc, bcc, replyTo, subject, text, html, attachments } = message
      const mail = {
        from,
        to,
        cc,
        bcc,
        subject,
        ...(replyTo === null ? {} : { replyTo }),
        ...(text === null ? {} : { text }),
        ...(html === null ? {} : { html }),
        attachments: attachments.map(({ content, ...file }) => ({ ...file, content: Buffer.from(content) })),
      }
      const sending = sender().then((mailer) => mailer.sendMail(mail))
      const sent = sending.catch((cause: unknown) => {
        throw new ServiceUnavailable(failure, { cause })
      })
      const { accepted } = await unlessAborted(sent, signal)
      return accepted?.length ?? to.length + cc.length + bcc.length
    },
    close: () =>
      void made?.then(
        (mailer) => mailer.close(),
        () => {},
      ),
  }
}

/** The mail may still leave after its caller has gone. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function portOf(port: Json): number {
  const number = Number(port ?? 587)
  return Number.isInteger(number) && number > 0 && number < 65_536 ? number : 587
}
