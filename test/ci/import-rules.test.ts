/** The import rules catch what they must, and let pass what is right. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_LINES, violations } from '../../.ci/import-rules.ts'

interface Case {
  readonly name: string
  readonly file: string
  readonly source: string
  /** What the only complaint says, or null when there must be none. */
  readonly complaint: RegExp | null
}

const cases: readonly Case[] = [
  { name: 'config within itself', file: 'config/load.ts', source: "import { a } from './schema.ts'", complaint: null },
  {
    name: 'config from the kernel',
    file: 'config/load.ts',
    source: "import { a } from '../kernel/errors.ts'",
    complaint: /config\/load\.ts:1: imports '\.\.\/kernel\/errors\.ts'/,
  },
  {
    name: 'config from an export',
    file: 'config/load.ts',
    source: "import { a } from 'dataferry/sdk'",
    complaint: /no export/,
  },
  {
    name: 'kernel from config',
    file: 'kernel/http/a.ts',
    source: "import type { Config } from '../../config/index.ts'",
    complaint: null,
  },
  {
    name: 'kernel within itself',
    file: 'kernel/http/a.ts',
    source: "import { a } from '../errors.ts'",
    complaint: null,
  },
  {
    name: 'kernel from a connector',
    file: 'kernel/main.ts',
    source: "import { a } from '../connectors/sqlite/index.ts'",
    complaint: /only kernel, config/,
  },
  {
    name: 'kernel from a plugin, lazily',
    file: 'kernel/main.ts',
    source: "const a = await import('../plugins/system/index.ts')",
    complaint: /only kernel/,
  },
  { name: 'kernel from records', file: 'kernel/main.ts', source: "import 'dataferry/records'", complaint: /no export/ },
  {
    name: 'kernel from a room whose name begins alike',
    file: 'kernel/a.ts',
    source: "import '../kernel-extra/b.ts'",
    complaint: /only kernel/,
  },
  {
    name: 'records from the sdk',
    file: 'connectors/records/a.ts',
    source: "import type { Service } from 'dataferry/sdk'",
    complaint: null,
  },
  {
    name: 'records from deep inside itself',
    file: 'connectors/records/filter/a.ts',
    source: "import { b } from '../plan/b.ts'",
    complaint: null,
  },
  {
    name: 'records from the kernel',
    file: 'connectors/records/a.ts',
    source: "import { a } from '../../kernel/errors.ts'",
    complaint: /only connectors\/records/,
  },
  {
    name: 'records from sql',
    file: 'connectors/records/a.ts',
    source: "import { a } from 'dataferry/sql'",
    complaint: /only dataferry\/sdk$/,
  },
  {
    name: 'sql from records',
    file: 'connectors/sql/a.ts',
    source: "import { a } from 'dataferry/records'",
    complaint: null,
  },
  {
    name: 'sql from records by path',
    file: 'connectors/sql/a.ts',
    source: "import { a } from '../records/index.ts'",
    complaint: /only connectors\/sql/,
  },
  {
    name: 'sql from itself by name',
    file: 'connectors/sql/a.ts',
    source: "import { a } from 'dataferry/sql'",
    complaint: /only dataferry\/sdk, dataferry\/records$/,
  },
  {
    name: 'a connector from the three',
    file: 'connectors/sqlite/a.ts',
    source: "import 'dataferry/sdk'\nimport 'dataferry/records'\nimport 'dataferry/sql'",
    complaint: null,
  },
  {
    name: 'a connector from another',
    file: 'connectors/mysql/a.ts',
    source: "import { a } from '../sqlite/index.ts'",
    complaint: /only connectors\/mysql/,
  },
  {
    name: 'a plugin from records',
    file: 'plugins/system/models/a.ts',
    source: "import { a } from 'dataferry/records'\nimport { b } from '../store/b.ts'",
    complaint: null,
  },
  {
    name: 'a plugin from another',
    file: 'plugins/user/a.ts',
    source: "export { a } from '../system/index.ts'",
    complaint: /only plugins\/user/,
  },
  {
    name: 'a plugin from sql',
    file: 'plugins/system/a.ts',
    source: "import { a } from 'dataferry/sql'",
    complaint: /only dataferry\/sdk, dataferry\/records$/,
  },
  {
    name: 'an example from the kernel',
    file: 'docs/examples/csv/a.ts',
    source: "import { a } from '../../../kernel/errors.ts'",
    complaint: /only docs\/examples\/csv/,
  },
  {
    name: 'the sources from a test',
    file: 'kernel/a.ts',
    source: "import { a } from '../test/helpers.ts'",
    complaint: /only kernel/,
  },
  {
    name: 'the sources from bench',
    file: 'connectors/sqlite/a.ts',
    source: "import { a } from '../../bench/load.ts'",
    complaint: /only connectors\/sqlite/,
  },
  {
    name: 'bench from everything',
    file: 'bench/a.ts',
    source: "import { a } from '../kernel/main.ts'\nimport 'dataferry/sql'",
    complaint: null,
  },
  {
    name: 'the container in its place',
    file: 'kernel/kernel.ts',
    source: "import { container } from 'tsyringe'",
    complaint: null,
  },
  {
    name: 'the container elsewhere in the kernel',
    file: 'kernel/services/registry.ts',
    source: "import { container } from 'tsyringe'",
    complaint: /only kernel\/kernel\.ts/,
  },
  {
    name: 'the container in a type',
    file: 'plugins/system/a.ts',
    source: "type C = import('tsyringe').DependencyContainer",
    complaint: /only kernel\/kernel\.ts/,
  },
  {
    name: 'an import over several lines',
    file: 'kernel/a.ts',
    source: "\nimport {\n  a,\n  b,\n} from '../plugins/system/index.ts'",
    complaint: /kernel\/a\.ts:2:/,
  },
  {
    name: 'double quotes',
    file: 'kernel/a.ts',
    source: 'import { a } from "../plugins/a.ts"',
    complaint: /only kernel/,
  },
  { name: 'require', file: 'kernel/a.ts', source: "const a = require('../plugins/a.ts')", complaint: /only kernel/ },
  {
    name: 'packages and built-in modules',
    file: 'config/load.ts',
    source: "import { a } from 'node:fs'\nimport { b } from 'jose'",
    complaint: null,
  },
  {
    name: 'a mention in a comment',
    file: 'kernel/a.ts',
    source: "/**\n * import { a } from '../plugins/a.ts'\n */",
    complaint: null,
  },
  { name: 'the longest file', file: 'kernel/a.ts', source: '\n'.repeat(MAX_LINES), complaint: null },
  { name: 'a file that is too long', file: 'kernel/a.ts', source: '\n'.repeat(MAX_LINES + 1), complaint: /601 lines/ },
  { name: 'a long test', file: 'test/a.test.ts', source: '\n'.repeat(MAX_LINES + 1), complaint: null },
]

describe('import rules', () => {
  for (const { name, file, source, complaint } of cases) {
    test(name, () => {
      const found = violations(file, source)
      if (complaint === null) return assert.deepEqual(found, [])
      assert.equal(found.length, 1)
      assert.match(found[0] ?? '', complaint)
    })
  }
})
