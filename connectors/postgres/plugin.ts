/** The PostgreSQL connector, and the servers that speak its protocol. */
import { recordService } from 'dataferry/records'
import type { ConfigField, Plugin, ServiceType } from 'dataferry/sdk'
import { networkFields, sqlConfigFields, sqlStore } from 'dataferry/sql'
import { postgresConnector } from './connector.ts'
import { cockroach, type Flavour, postgresql, redshift, timescale } from './flavours.ts'
import { checkConfig } from './settings.ts'

/** control-plane 5.2, in its order. */
const connection: readonly ConfigField[] = [
  ...networkFields({
    port: 'The number of the database host port, i.e. 5432.',
    password: 'The password of the database user. This can be a lookup key.',
    schema:
      'Leave blank to work with all available schemas, type "default" to only work with the default schema for the given login, or type in a specific schema to use for this service.',
  }),
  {
    name: 'charset',
    label: 'Character Set',
    type: 'string',
    description: 'Kept for compatibility: texts are always exchanged as UTF-8.',
  },
  {
    name: 'sslmode',
    label: 'SSL Mode',
    type: 'string',
    description:
      'One of disable, allow, prefer, require, verify-ca, verify-full. Certificates are given in the driver options sslrootcert, sslcert and sslkey, as text or as the path of a file.',
  },
  {
    name: 'timezone',
    label: 'Timezone',
    type: 'string',
    description: 'The time zone of the connections, UTC by default.',
  },
  {
    name: 'application_name',
    label: 'Application Name',
    type: 'string',
    description: 'The name that the connections have on the server.',
  },
]

/** The options that have a meaning here; others are kept and ignored. */
const options =
  'Options of the connections, by name: connect_timeout (seconds, 10), sslrootcert, sslcert, sslkey, pool_size (10), pool_timeout (seconds that a free connection is waited for, 10), pool_idle_timeout (seconds, 30). Others are ignored.'
const withOptions = (field: ConfigField): ConfigField =>
  field.name === 'options' ? { ...field, description: options } : field

function serviceType(name: string, label: string, flavour: Flavour): ServiceType {
  const connector = postgresConnector(flavour)
  return {
    name,
    label,
    group: 'Database',
    description: `Database service supporting ${label} connections.`,
    config: [...connection, ...sqlConfigFields.map(withOptions)],
    body: 'value',
    check: checkConfig,
    create: (config, host) => recordService(sqlStore(connector, config, host), { host, config }),
  }
}

const plugin: Plugin = {
  name: 'postgres',
  api: 1,
  types: [
    serviceType('pgsql', 'PostgreSQL', postgresql),
    serviceType('alloydb', 'AlloyDB', postgresql),
    serviceType('cockroachdb', 'CockroachDB', cockroach),
    serviceType('timescaledb', 'TimescaleDB', timescale),
    serviceType('aurora_pgsql', 'Amazon Aurora PostgreSQL', postgresql),
    serviceType('aws_redshift_db', 'AWS Redshift DB', redshift),
  ],
}
export default plugin
