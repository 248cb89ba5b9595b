/** The configuration schema of the service type `system` (control-plane 5.4). */
import type { ConfigField, ConfigSchema } from 'dataferry/sdk'

const pick = (name: string, label: string, description: string): ConfigField => ({
  name,
  label,
  type: 'picklist',
  description,
  allow_null: true,
  values: [{ label: '', name: null }],
})

const mail = (what: string, label: string, description: string): ConfigSchema => [
  pick(`${what}_email_service_id`, `${label} Email Service`, `The email service that sends ${description}.`),
  pick(`${what}_email_template_id`, `${label} Email Template`, `The template of ${description}.`),
]

export const systemConfig: ConfigSchema = [
  pick('default_app_id', 'Default Application', 'The application that users start with.'),
  ...mail('invite', 'Invite', 'invitations of administrators'),
  ...mail('password', 'Password Reset', 'password resets of administrators'),
]
