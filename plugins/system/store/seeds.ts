/** What a fresh system store holds (control-plane 2.2). The ids are part of the contract: clients know them. */

import type { SeedRows } from './migrations.ts'
import { stampOf } from './time.ts'

/** Compiled into the original's admin interface, which sends it on every call (control-plane 2.2). */
export const adminInterfaceKey = '6498a8ad1beb9d84d63035c5d1120c007fad6de706734db9689f8996707e0f7d'

const nothing = { created_by_id: null, last_modified_by_id: null }

interface BuiltIn {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly label: string
  readonly description: string
  readonly mutable?: false
  readonly deletable?: false
  readonly config?: { readonly [name: string]: string | number | boolean | null }
}

const mail = {
  invite_email_service_id: 6,
  invite_email_template_id: 1,
  password_email_service_id: 6,
  password_email_template_id: 3,
}

const services: readonly BuiltIn[] = [
  {
    id: 1,
    name: 'system',
    type: 'system',
    label: 'System Management',
    description: 'Service for managing system resources.',
    mutable: false,
    deletable: false,
    config: mail,
  },
  {
    id: 2,
    name: 'api_docs',
    type: 'swagger',
    label: 'Live API Docs',
    description: 'API documenting and testing service.',
    mutable: false,
    deletable: false,
  },
  {
    id: 3,
    name: 'files',
    type: 'local_file',
    label: 'Local File Storage',
    description: 'Service for accessing local file storage.',
    config: { container: 'app' },
  },
  {
    id: 4,
    name: 'logs',
    type: 'local_file',
    label: 'Local Log Storage',
    description: 'Service for accessing local log storage.',
    config: { container: 'logs' },
  },
  {
    id: 5,
    name: 'db',
    type: 'sqlite',
    label: 'Local SQL Database',
    description: 'Service for accessing local SQLite database.',
    config: { database: 'db.sqlite' },
  },
  {
    id: 6,
    name: 'email',
    type: 'local_email',
    label: 'Local Email Service',
    description: 'Email service used for sending user invites and/or password reset confirmation.',
  },
  {
    id: 7,
    name: 'user',
    type: 'user',
    label: 'User Management',
    description: 'Service for managing system users.',
    deletable: false,
    config: { allow_open_registration: false, open_reg_email_service_id: 6, open_reg_email_template_id: 2, ...mail },
  },
]

/** The admin interface has the first key compiled in. */
const apps = [
  {
    id: 1,
    name: 'admin',
    api_key: adminInterfaceKey,
    description: 'An application for administering this instance.',
    path: 'dreamfactory/dist/index.html',
  },
  {
    id: 2,
    name: 'api_docs',
    api_key: '36fda24fe5588fa4285ac6c6c2fdfbdb6b6bc9834699774c9bf777f706d05a88',
    description: 'An OpenAPI-based application allowing documentation viewing and testing of the API.',
    path: 'df-api-docs-ui/dist/index.html',
  },
  {
    id: 3,
    name: 'file_manager',
    api_key: 'b5cb82af7b5d4130f36149f90aa2746782e59a872ac70454ac188743cb55b0ba',
    description: 'An application for managing file services.',
    path: 'filemanager/index.html',
  },
] as const

const templates = [
  {
    id: 1,
    name: 'User Invite Default',
    description: 'Invites a new user to this instance.',
    subject: 'You are invited to {instance_name}',
    text: 'you are invited to {instance_name}. Set your password and your account is ready:',
  },
  {
    id: 2,
    name: 'User Registration Default',
    description: 'Asks a new user to confirm the registration.',
    subject: 'Confirm your registration at {instance_name}',
    text: 'thank you for registering at {instance_name}. Confirm it and your account is ready:',
  },
  {
    id: 3,
    name: 'Password Reset Default',
    description: 'Sends the code that resets a password.',
    subject: 'Reset your password at {instance_name}',
    text: 'somebody, hopefully you, asked to reset your password at {instance_name}. Set a new one here:',
  },
] as const

const body = (text: string) =>
  `<p>Hi {first_name},</p>\n<p>${text}</p>\n<p><a href="{link}">{link}</a></p>\n<p>Confirmation Code: {confirm_code}</p>\n<p>If you did not expect this mail, do nothing.</p>\n`

/** The rows, stamped with the present time. */
export function seeds(now: Date = new Date()): readonly SeedRows[] {
  const stamps = { created_date: stampOf(now), last_modified_date: stampOf(now), ...nothing }
  return [
    {
      table: 'service',
      rows: services.map(({ config, mutable = true, deletable = true, ...service }) => ({
        ...service,
        is_active: true,
        mutable,
        deletable,
        config: JSON.stringify(config ?? {}),
        name_key: service.name,
        ...stamps,
      })),
    },
    {
      table: 'app',
      rows: apps.map((app) => ({
        ...app,
        is_active: true,
        type: 3,
        requires_fullscreen: false,
        allow_fullscreen_toggle: true,
        toggle_location: 'top',
        ...stamps,
      })),
    },
    {
      table: 'email_template',
      rows: templates.map(({ text, ...template }) => ({
        ...template,
        body_html: body(text),
        from_name: '{instance_name}',
        from_email: 'no-reply@localhost',
        ...stamps,
      })),
    },
    { table: 'counter', rows: [{ name: 'snapshot', value: 1 }] },
  ]
}
