/** A SQL connector as the factory of a service type: its store, served as records. */
import { type RecordService, recordService } from 'dataferry/records'
import type { ConfigValues, ServiceHost } from 'dataferry/sdk'
import { sqlStore } from './store.ts'
import type { SqlConnector } from './types.ts'

/** For `ServiceType.create`. No I/O: the first use connects. */
export const sqlService =
  (connector: SqlConnector) =>
  (config: ConfigValues, host: ServiceHost): RecordService =>
    recordService(sqlStore(connector, config, host), { host, config })
