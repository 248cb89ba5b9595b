/** The configuration schema of the service type `user` (control-plane 5.4). */
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

export const userConfig: ConfigSchema = [
  {
    name: 'allow_open_registration',
    label: 'Allow Open Registration',
    type: 'boolean',
    description: 'Anybody may register an account.',
    default: false,
  },
  pick('open_reg_role_id', 'Open Reg Role', 'The role that registered users get in every app.'),
  {
    name: 'app_role_map',
    label: 'Per App Open Reg Role',
    type: 'array',
    description: 'Roles that registered users get in single apps.',
    items: [pick('app_id', 'App', 'The app.'), pick('role_id', 'Role', 'The role.')],
  },
  ...mail('open_reg', 'Open Reg', 'confirmations of registrations'),
  ...mail('invite', 'Invite', 'invitations of users'),
  ...mail('password', 'Password Reset', 'password resets of users'),
]
