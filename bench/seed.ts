/** The benchmark's database: deterministic customers in a SQLite file. */
import { DatabaseSync } from 'node:sqlite'

export const customerCount = 10_000

/** Makes the file and fills it. `region` cycles through five values, so a role's filter on it keeps a fifth of the rows. */
export function seedCustomers(file: string): void {
  const database = new DatabaseSync(file)
  database.exec(`pragma journal_mode = wal;
    create table customers (id integer not null primary key autoincrement, name varchar(80) not null, email varchar(120) not null,
      country char(2) not null, region integer not null, credit decimal(12,2) not null, active boolean not null, created_at datetime not null, note text);
    create index customers_country on customers (country, id)`)
  const insert = database.prepare(
    'insert into customers (name, email, country, region, credit, active, created_at, note) values (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const countries = ['DE', 'FR', 'NL', 'PL', 'SE', 'IT', 'ES', 'PT'] as const
  database.exec('begin')
  for (let i = 1; i <= customerCount; i++) {
    const minute = String(i % 60).padStart(2, '0')
    insert.run(
      `Customer "${i}" é`,
      `customer${i}@example.com`,
      countries[i % countries.length] as string,
      i % 5,
      i + 0.25,
      i % 3 === 0 ? 0 : 1,
      `2025-03-04 05:${minute}:07`,
      i % 4 === 0 ? null : `Note ${i}: pays on time`,
    )
  }
  database.exec('commit')
  database.close()
}
