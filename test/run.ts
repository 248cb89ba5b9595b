/**
 * Runs the tests: `node test/run.ts [--native] [files]`. Without files, all of them. Sources go through tsx, or through
 * Node's own type stripping with `--native`. Where CI=true the properties run with all their cases the first way, and with few the
 * second, which differs in how the sources are read.
 */

import { spawnSync } from 'node:child_process'

const args = process.argv.slice(2)
const native = args.includes('--native')
const files = args.filter((arg) => arg !== '--native')

const loader = native ? [] : ['--import', 'tsx']
const tests = files.length > 0 ? files : ['test/**/*.test.ts']
const few = native && process.env.CI === 'true' ? { CONFORMANCE_RUNS: '500' } : {}
const run = spawnSync(process.execPath, ['-C', 'dataferry-source', ...loader, '--test', ...tests], {
  stdio: 'inherit',
  env: { ...few, ...process.env },
})
process.exitCode = run.status ?? 1
