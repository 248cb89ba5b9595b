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
  entry('audit', 'Audit Log', 'Every change of the administration, who made it and when.', { readOnly: true }),
  entry('cache', 'Cache Administration', 'Allows cache operations.'),
  entry('config_package', 'Configuration Package', 'Allows export and import of services, roles and apps as JSON.'),
  entry('constant', 'Constants', 'Read-only constants.', { readOnly: true }),
  entry('cors', 'CORS', 'Allows configuration of CORS rules.'),
  entry('custom', 'Custom Settings', 'Allows names and values of any kind.'),
  entry('email_template', 'Email Templates', 'Allows management of email templates.'),
  entry('environment', 'Environment', 'Read-only system environment configuration.', {
    singleton: true,
    readOnly: true,
  }),
  entry('event', 'Events', 'Read-only events of the services.', { readOnly: true }),
  entry('import', 'Import', 'Makes tables of uploaded data.'),
  entry('limit', 'Limits', 'Allows management of rate limits.'),
  entry('limit_cache', 'Limit Cache', 'Allows reading and clearing of the counters of limits.'),
  entry('lookup', 'Lookup Keys', 'Allows configuration of lookup keys.'),
  entry('outbox', 'Outbox', 'Mails that could not be sent, with their codes, for administrators.'),
  entry('package', 'Package', 'Allows export and import of packages.'),
  entry('role', 'Roles', 'Allows role configuration.'),
  entry('service', 'Services', 'Allows configuration of services.'),
  entry('service_report', 'Service Report', 'Read-only report of changes of services and apps.', { readOnly: true }),
  entry('service_type', 'Service Types', 'Read-only system service types.', { readOnly: true }),
  entry('user', 'Users', 'Allows configuration of system users.'),
]
