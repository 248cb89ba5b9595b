/** Prepares a running server for the benchmark, as an administrator would. */
import { Admin, type Credentials } from './admin.ts'

export interface Service {
  readonly type: string
  readonly config: object
}

/** What the role's filters ask for holds for every row that is seeded or inserted: they cost, and take nothing away. */
const filters: { readonly [table: string]: readonly [name: string, operator: string, value: string] } = {
  customers: ['region', '<', '5'],
  products: ['price', '>', '0'],
  orders: ['status', '!=', 'void'],
  order_items: ['quantity', '>', '0'],
  visits: ['seconds', '>=', '0'],
  numbers: ['id', '>', '0'],
}

const everyVerb = 31

/** Makes the service `bench`, a role that may do everything with its tables behind a row filter on each, and an app; returns the app's key. */
export async function makeBench(
  url: string,
  credentials: Credentials,
  { type, config }: Service,
  mostRecords = 10_000,
): Promise<string> {
  const admin = await Admin.login(url, credentials)
  const service = await admin.create('system/service', {
    name: 'bench',
    label: 'Bench',
    type,
    is_active: true,
    // Of one answer.
    config: { ...config, max_records: mostRecords },
  })
  const access = Object.entries(filters).map(([table, [name, operator, value]]) => ({
    service_id: service.id,
    component: `_table/${table}/*`,
    verb_mask: everyVerb,
    requestor_mask: 1,
    filters: [{ name, operator, value }],
    filter_op: 'AND',
  }))
  return admin.createKey('bench', access)
}
