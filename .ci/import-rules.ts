/**
 * Holds "Who may call whom" of docs/architecture.md: `node .ci/import-rules.ts` (part of npm run lint) reads the imports of
 * every source file and fails when a room reaches where it must not, or when a file has grown too long.
 */

import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The most lines of a file in a source room. */
export const MAX_LINES = 600

/** The one file that may import the container. */
const CONTAINER = { package: 'tsyringe', file: 'kernel/kernel.ts' }

interface Rule {
  /** Which files the rule is for; what the first group matches is the folder that the file may use freely. */
  readonly files: RegExp
  /** Other rooms that relative imports may reach. */
  readonly rooms: readonly string[]
  /** Which of the package's own exports may be imported. */
  readonly exports: readonly string[]
}

/** The first rule whose pattern matches decides. Files that none matches (test, bench, .ci) may import everything. */
const rules: readonly Rule[] = [
  { files: /^(config)\//, rooms: [], exports: [] },
  { files: /^(kernel)\//, rooms: ['config'], exports: [] },
  { files: /^(connectors\/records)\//, rooms: [], exports: ['sdk'] },
  { files: /^(connectors\/sql)\//, rooms: [], exports: ['sdk', 'records'] },
  { files: /^(connectors\/document)\//, rooms: [], exports: ['sdk', 'records'] },
  { files: /^(connectors\/[^/]+)\//, rooms: [], exports: ['sdk', 'records', 'sql', 'document'] },
  { files: /^(plugins\/[^/]+)\//, rooms: [], exports: ['sdk', 'records'] },
  // The suite is for tests, which an example shows in a file of its own.
  { files: /^(docs\/examples\/[^/]+)\/conformance\.ts$/, rooms: [], exports: ['sdk', 'records', 'conformance'] },
  { files: /^(docs\/examples\/[^/]+)\//, rooms: [], exports: ['sdk', 'records', 'sql', 'document'] },
  { files: /^(connectors|plugins|docs\/examples)\/[^/]+$/, rooms: [], exports: ['sdk', 'records', 'sql'] },
]

/** Rooms whose files have a greatest length. */
const sourceRooms = /^(config|kernel|connectors|plugins)\//

/** Everything that is wrong with one file, one line each. `file` is relative to the repository, with slashes. */
export function violations(file: string, source: string): string[] {
  const found: string[] = []
  const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0)
  if (sourceRooms.test(file) && lines > MAX_LINES)
    found.push(`${file}: ${lines} lines, more than ${MAX_LINES}: split it`)
  for (const { specifier, line } of imports(source)) {
    const reason = forbidden(file, specifier)
    if (reason !== null) found.push(`${file}:${line}: imports '${specifier}': ${reason}`)
  }
  return found
}

function forbidden(file: string, specifier: string): string | null {
  if (specifier === CONTAINER.package || specifier.startsWith(`${CONTAINER.package}/`)) {
    return file === CONTAINER.file ? null : `only ${CONTAINER.file} may`
  }
  const rule = rules.find(({ files }) => files.test(file))
  if (rule === undefined) return null
  const own = rule.files.exec(file)?.[1] ?? ''
  if (specifier.startsWith('.') || specifier.startsWith('/') || specifier.startsWith('file:')) {
    const target = posix.join(posix.dirname(file), specifier)
    const reachable = [own, ...rule.rooms]
    return reachable.some((room) => target.startsWith(`${room}/`))
      ? null
      : `${own} may reach only ${reachable.join(', ')}`
  }
  if (specifier !== 'dataferry' && !specifier.startsWith('dataferry/')) return null
  if (rule.exports.some((name) => specifier === `dataferry/${name}`)) return null
  const allowed = rule.exports.map((name) => `dataferry/${name}`).join(', ')
  return allowed === '' ? `${own} may use no export of the package` : `${own} may use only ${allowed}`
}

const statements = [
  // import … from 'x', export … from 'x', over several lines too
  /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(?<specifier>[^'"]+)\1/gm,
  // import 'x'
  /^[ \t]*import\s*(['"])(?<specifier>[^'"]+)\1/gm,
  // import('x'), the value and the type
  /\bimport\(\s*(['"`])(?<specifier>[^'"`$]+)\1/g,
  /\brequire\(\s*(['"`])(?<specifier>[^'"`$]+)\1/g,
]

function imports(source: string): { specifier: string; line: number }[] {
  return statements
    .flatMap((pattern) => [...source.matchAll(pattern)])
    .sort((a, b) => a.index - b.index)
    .map((match) => ({
      specifier: match.groups?.specifier ?? '',
      line: source.slice(0, match.index).split('\n').length,
    }))
}

if (import.meta.main) {
  const patterns = ['config', 'kernel', 'connectors', 'plugins', 'docs/examples', 'bench'].map(
    (room) => `${room}/**/*.{ts,js}`,
  )
  const files = globSync(patterns, { cwd: root }).map((file) => file.replaceAll('\\', '/'))
  const found = files.sort().flatMap((file) => violations(file, readFileSync(posix.join(root, file), 'utf8')))
  for (const line of found) console.error(line)
  console.log(`import rules: ${files.length} files, ${found.length} violations`)
  if (found.length > 0) process.exitCode = 1
}
