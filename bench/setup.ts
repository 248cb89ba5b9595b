/** Prepares a running server for the benchmark. */
import { Admin, type Credentials } from './admin.ts'

/** Makes a service over the file, a role that reads it behind a row filter, and an app; returns the app's key. */
export async function makeReader(url: string, credentials: Credentials, file: string): Promise<string> {
  const admin = await Admin.login(url, credentials)
  const service = await admin.create('system/service', {
    name: 'bench',
    label: 'Bench',
    type: 'sqlite',
    is_active: true,
    config: { database: file },
  })
  return admin.createKey('bench_reader', [
    {
      service_id: service.id,
      component: '_table/*',
      verb_mask: 1,
      requestor_mask: 1,
      filters: [{ name: 'region', operator: '<', value: '5' }],
      filter_op: 'AND',
    },
  ])
}
