import pg from 'pg'
import mysql from 'mysql2/promise'
const { seedStatements, fullSize } = await import('/work/main/bench/tables.ts')
const a = new pg.Client({ host: '127.0.0.1', port: 15432, user: 'postgres', database: 'postgres' }); await a.connect()
await a.query('drop database if exists benchf'); await a.query('create database benchf'); await a.end()
const c = new pg.Client({ host: '127.0.0.1', port: 15432, user: 'postgres', database: 'benchf' }); await c.connect()
for (const s of seedStatements('postgres', fullSize)) await c.query(s)
await c.query('vacuum analyze'); await c.end()
const m = await mysql.createConnection({ host: '127.0.0.1', port: 13306, user: 'root' })
await m.query('drop database if exists benchf'); await m.query('create database benchf character set utf8mb4'); await m.query('use benchf'); await m.query("set sql_mode='PIPES_AS_CONCAT'")
for (const s of seedStatements('mariadb', fullSize)) await m.query(s)
await m.end()
