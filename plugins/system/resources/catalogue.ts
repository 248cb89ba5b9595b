/** The resources of the system service by their wire names (control-plane 4.2): which table and model each has, and what is yet to come. */

export interface ResourceEntry {
  readonly name: string
  readonly label: string
  readonly description: string
  readonly singleton: boolean
  readonly readOnly: boolean
}

const entry = (name: string, label: string, description: string, more: Partial<ResourceEntry> = {}): ResourceEntry => ({
  name,
  label,
  description,
  singleton: false,
  readOnly: false,
  ...more,
})

/** In the order of the list. */
export const resources: readonly ResourceEntry[] = [
  entry('admin', 'Administrators', 'Allows configuration of system administrators.'),
  entry(
    'admin/password',
    "Administrator's Password Operations",
    'Allows password operations for system administrators.',
  ),
  entry('admin/profile', "Administrator's Profile", 'Allows management of the profile of a system administrator.'),
  entry('admin/session', "Administrator's Session Operations", 'Allows session operations for system administrators.'),
  entry('app', 'Apps', 'Allows management of user application(s).'),
  entry('environment', 'Environment', 'Read-only system environment configuration.', {
    singleton: true,
    readOnly: true,
  }),
  entry('role', 'Roles', 'Allows role configuration.'),
  entry('service', 'Services', 'Allows configuration of services.'),
  entry('service_type', 'Service Types', 'Read-only system service types.', { readOnly: true }),
  entry('user', 'Users', 'Allows configuration of system users.'),
]

/** Names that the contract has and this version does not: 501, so that clients tell them from mistakes. */
export const comingResources: ReadonlySet<string> = new Set([
  'cache',
  'config_package',
  'constant',
  'cors',
  'custom',
  'email_template',
  'event',
  'event_script',
  'import',
  'limit',
  'limit_cache',
  'lookup',
  'package',
  'scheduler',
  'script_type',
  'service_report',
])
