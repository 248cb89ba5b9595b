/** The runner of a MySQL service in another thread; the argument is the vendor where the type of the service tells it. */
import type { ElsewhereRunner } from 'dataferry/sql'
import { MysqlRunner } from './runner.ts'
import type { Vendor } from './server.ts'
import { readSettings } from './settings.ts'

const vendors: readonly Vendor[] = ['mysql', 'mariadb', 'singlestore']

const make: ElsewhereRunner = (vendor, config, host) =>
  new MysqlRunner(() => readSettings(config, host), vendors.find((each) => each === vendor) ?? null)
export default make
