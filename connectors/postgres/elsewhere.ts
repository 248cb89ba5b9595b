/** The runner of a PostgreSQL service in another thread; the argument is the name of the flavour. */
import type { ElsewhereRunner } from 'dataferry/sql'
import { cockroach, type Flavour, postgresql, redshift, timescale } from './flavours.ts'
import { PostgresRunner } from './runner.ts'
import { readSettings } from './settings.ts'

const flavours = { postgresql, timescale, cockroach, redshift } as const
const isName = (name: unknown): name is keyof typeof flavours => typeof name === 'string' && name in flavours

/** What `make` finds the flavour by. */
export function flavourName(flavour: Flavour): keyof typeof flavours {
  for (const name of Object.keys(flavours)) if (isName(name) && flavours[name] === flavour) return name
  return 'postgresql'
}

const make: ElsewhereRunner = (name, config, host) => {
  const flavour = isName(name) ? flavours[name] : postgresql
  return new PostgresRunner(() => readSettings(config, host, flavour), flavour.savepoints)
}
export default make
