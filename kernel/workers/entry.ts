/**
 * The entry of a thread of the pool. Piscina may load it by `require`; everything else is imported, as the modules of tasks are, so that there
 * is one of each.
 */
import type { PoolTask } from './perform.ts'

const { href } = new URL(import.meta.url.endsWith('.ts') ? './perform.ts' : './perform.js', import.meta.url)
let perform: Promise<(task: PoolTask) => Promise<unknown>> | null = null

export default async function run(task: PoolTask): Promise<unknown> {
  perform ??= import(href).then((module: { readonly default: (task: PoolTask) => Promise<unknown> }) => module.default)
  return (await perform)(task)
}
