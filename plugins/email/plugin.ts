/** Mail services: by SMTP, and through the mail program of the machine (control-plane 10.1). */
import { BadRequest, type Plugin } from 'dataferry/sdk'
import { smtpConfig } from './config.ts'
import { EmailService } from './service.ts'
import { localTransport, smtpTransport } from './transport.ts'

const plugin: Plugin = {
  name: 'email',
  api: 1,
  types: [
    {
      name: 'local_email',
      label: 'Local Email Service',
      group: 'Email',
      description: "Email service that uses this machine's mail program.",
      config: [],
      body: 'value',
      create: (config, host) => new EmailService(config, host, localTransport()),
    },
    {
      name: 'smtp_email',
      label: 'SMTP',
      group: 'Email',
      description: 'Email service that sends by SMTP.',
      config: smtpConfig,
      body: 'value',
      check({ port = null }) {
        const number = Number(port ?? 587)
        if (!Number.isInteger(number) || number < 1 || number > 65_535)
          throw new BadRequest("The setting 'port' (Port) must be a port number.")
      },
      create: (config, host) => new EmailService(config, host, smtpTransport(config)),
    },
  ],
}

export default plugin
