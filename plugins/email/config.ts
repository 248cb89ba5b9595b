/** The configuration of an SMTP service (control-plane 5.3). */
import type { ConfigSchema } from 'dataferry/sdk'

export const smtpConfig: ConfigSchema = [
  { name: 'host', label: 'Host', type: 'string', required: true, description: 'The host of the SMTP server.' },
  {
    name: 'port',
    label: 'Port',
    type: 'string',
    default: '587',
    description: 'The port of the SMTP server: usually 587 with TLS, 465 with SSL.',
  },
  {
    name: 'encryption',
    label: 'Encryption',
    type: 'picklist',
    description:
      'TLS begins in clear and must change over; SSL is encrypted from the start. Without one, TLS is used where the server offers it.',
    values: [
      { label: '', name: null },
      { label: 'TLS', name: 'tls' },
      { label: 'SSL', name: 'ssl' },
    ],
  },
  {
    name: 'username',
    label: 'Username',
    type: 'string',
    secret: 'encrypted',
    description: 'The login of the SMTP server, where it wants one.',
  },
  {
    name: 'password',
    label: 'Password',
    type: 'password',
    secret: 'masked',
    description: 'The password of that login.',
  },
  {
    name: 'parameters',
    label: 'Parameters',
    type: 'array',
    description: 'Values of placeholders in every mail of this service.',
    items: [
      { name: 'name', label: 'Name', type: 'string', description: 'The name of the placeholder.' },
      { name: 'value', label: 'Value', type: 'string', description: 'What stands in its place.' },
      { name: 'active', label: 'Active', type: 'boolean', default: true, description: 'Whether it is used.' },
    ],
  },
]
