import mysql from 'mysql2/promise'
import { startMysql } from './servers/private.ts'
const tables = 2000
const nameOf = (n: number): string => `table_${n}`
const server = await startMysql()
if (!server) throw new Error('none')
const { host, port, user, password, database } = server
const open = () => mysql.createConnection({ host, port, user, password, database })
let c = await open()
for (let n = 0; n < tables; n++) {
  const references = n === 0 ? '' : `, foreign key (before_id) references ${nameOf(n - 1)} (id), foreign key (hub_id) references ${nameOf(n % Math.min(n, 40))} (id)`
  await c.query(`create table ${nameOf(n)} (id integer primary key, name varchar(80) not null, code varchar(20) unique, price decimal(12, 2), made timestamp null, before_id integer, hub_id integer${references}) engine = innodb`)
}
await c.end()
const probes: Record<string, string[]> = {
  current: [
    `select table_schema, table_name, table_type, engine from information_schema.tables where table_schema = database() and table_type in ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')`,
    `select column_name, column_type from information_schema.columns where table_schema = 'X' and table_name = 'table_1000' order by ordinal_position`,
    `select index_name, non_unique, column_name from information_schema.statistics where table_schema = 'X' and table_name = 'table_1000'`,
    `select table_schema, table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name from information_schema.key_column_usage where table_schema = database() order by table_schema, table_name, constraint_name, ordinal_position`,
    `select constraint_schema, table_name, constraint_name, update_rule, delete_rule from information_schema.referential_constraints where constraint_schema = database()`,
  ],
  literal: [
    `select table_schema, table_name, table_type, engine from information_schema.tables where table_schema = 'X'`,
    `show full tables from X`,
    `select table_schema, table_name, column_name from information_schema.key_column_usage where table_schema = 'X' and table_name = 'table_1000'`,
    `select constraint_name from information_schema.referential_constraints where constraint_schema = 'X' and table_name = 'table_1000'`,
    `select * from information_schema.innodb_sys_foreign where ref_name = 'X/table_1000' or for_name = 'X/table_1000'`,
    `select table_name, constraint_name from information_schema.referential_constraints where constraint_schema = 'X' and referenced_table_name = 'table_1000'`,
    `select table_name from information_schema.key_column_usage where constraint_schema = 'X' and referenced_table_schema = 'X' and referenced_table_name = 'table_1000'`,
    `select table_schema, table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name from information_schema.key_column_usage where table_schema = 'X' and referenced_table_name is not null`,
    `select index_name, non_unique, column_name from information_schema.statistics where table_schema = 'X' and non_unique = 0`,
    `select * from information_schema.innodb_sys_foreign_cols`,
  ],
}
for (const [name, list] of Object.entries(probes)) {
  await server.restart?.()
  c = await open()
  for (const text of list) {
    const b = performance.now()
    try {
      const [rows] = await c.query(text.replaceAll('X', database))
      console.log(name, Math.round(performance.now() - b), (rows as unknown[]).length, text.slice(0, 170))
    } catch (e) { console.log(name, String(e), text.slice(0,100)) }
  }
  await c.end()
}
await server.stop()
