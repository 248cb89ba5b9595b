/**
 * The permission conformance suite: who asks. Sessions, tokens, keys and apps, on SQLite, because no other database would answer otherwise.
 */
import { after } from 'node:test'
import { changes } from './cases/changes.ts'
import { identities } from './cases/identities.ts'
import { tokens } from './cases/tokens.ts'
import { House } from './house.ts'
import { people } from './people.ts'

const secret = 'a secret of the tests that is long enough'
const house = await House.open(['sqlite'], { DF_JWT_SECRET: secret })
after(() => house.stop())

const everybody = people(house)
/** PERMISSIONS_GROUPS: of these only those that are named, between commas. */
const groups = { changes, tokens: () => tokens(everybody, secret), identities }
const some = process.env.PERMISSIONS_GROUPS?.split(',') ?? Object.keys(groups)
for (const [name, make] of Object.entries(groups)) if (some.includes(name)) make(everybody)
