/** Which relations a level of a request means (data-plane 5.3): names, `*`, paths that lead on (`a.b.c`), and those always fetched. */
import { nameOf, type Relation } from '../catalog/types.ts'
import { noRelationOptions, type RecordOptions, type RelationOptions } from '../options.ts'

/** What is asked of one level. */
export interface LevelAsked {
  readonly paths: 'all' | readonly string[]
  /** The relations that led here, each with a dot behind it. */
  readonly prefix: string
  readonly depth: number
  /** Relations on the way that are fetched because they always are: they lead round in circles otherwise. */
  readonly fetched: ReadonlySet<Relation>
}

/** One relation that is to be read. */
export interface RelationAsked {
  readonly relation: Relation
  readonly options: RelationOptions
  readonly below: LevelAsked
}

const nowhere: readonly string[] = []

export const firstLevel = ({ related }: RecordOptions): LevelAsked => ({
  paths: related,
  prefix: '',
  depth: 1,
  fetched: new Set(),
})

/** The relations that are meant, in their own order; unknown names are ignored. With `*` and always_fetch their options are, too. */
export function relationsAsked(
  relations: readonly Relation[],
  asked: LevelAsked,
  options: RecordOptions,
): readonly RelationAsked[] {
  const { paths, prefix, depth, fetched } = asked
  const named = paths === 'all' ? new Map<Relation, string[]>() : byRelation(relations, paths)
  const all = paths === 'all' || paths.includes('*')
  const found: RelationAsked[] = []
  for (const relation of relations) {
    const rest = named.get(relation)
    const always = relation.alwaysFetch && !fetched.has(relation)
    if (!rest && !all && !always) continue
    const path = `${prefix}${nameOf(relation).toLowerCase()}`
    found.push({
      relation,
      options: rest ? options.relation(path) : noRelationOptions,
      below: {
        paths: rest ?? nowhere,
        prefix: `${path}.`,
        depth: depth + 1,
        fetched: always ? new Set([...fetched, relation]) : fetched,
      },
    })
  }
  return found
}

/** What each path leads to behind its relation. Names may hold dots themselves: the longest one counts. */
function byRelation(relations: readonly Relation[], paths: readonly string[]): Map<Relation, string[]> {
  const found = new Map<Relation, string[]>()
  for (const path of paths) {
    const relation = relationOf(relations, path)
    if (!relation) continue
    const rest = path.slice(nameOf(relation).length + 1)
    const known = found.get(relation) ?? []
    if (rest !== '') known.push(rest)
    found.set(relation, known)
  }
  return found
}

/** The relation that a path begins with, by the longest name. */
export function relationOf(relations: readonly Relation[], path: string): Relation | null {
  let best: Relation | null = null
  const lower = path.toLowerCase()
  for (const relation of relations) {
    const name = nameOf(relation).toLowerCase()
    const begins = lower === name || lower.startsWith(`${name}.`)
    if (begins && (best === null || name.length > nameOf(best).length)) best = relation
  }
  return best
}
