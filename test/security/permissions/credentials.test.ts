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
changes(everybody)
tokens(everybody, secret)
identities(everybody)
