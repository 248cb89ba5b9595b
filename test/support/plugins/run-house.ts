/** The process of a server whose only plugin is the house: for tests of signals. */
import { run } from '../../../kernel/process.ts'

await run({ builtins: ['test/support/plugins/house'], closingMs: 200 })
