/** The MySQL connector: MySQL 5.7 and newer, MariaDB, SingleStore, and Aurora in its MySQL form. */
import { recordService } from 'dataferry/records'
import type { Plugin, ServiceType } from 'dataferry/sdk'
import { sqlStore } from 'dataferry/sql'
import { mysqlConfig } from './config.ts'
import { mysqlConnector } from './connector.ts'
import type { Vendor } from './server.ts'
import { checkConfig } from './settings.ts'

const serviceType = (name: string, label: string, vendor: Vendor | null): ServiceType => ({
  name,
  label,
  group: 'Database',
  description: `Database service supporting ${label} connections.`,
  config: mysqlConfig,
  body: 'value',
  check: checkConfig,
  create: (config, host) => recordService(sqlStore(mysqlConnector(vendor), config, host), { host, config }),
})

const plugin: Plugin = {
  name: 'mysql',
  api: 1,
  types: [
    serviceType('mysql', 'MySQL', null),
    serviceType('mariadb', 'MariaDB', null),
    serviceType('singlestore', 'SingleStore', 'singlestore'),
    serviceType('memsql', 'SingleStore / MemSQL', 'singlestore'),
    serviceType('aurora_mysql', 'Amazon Aurora MySQL', 'mysql'),
  ],
}
export default plugin
