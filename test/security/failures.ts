/** A reporter that tells the failed tests alone, one a line as JSON: their group and their name. For mutations.ts. */
interface Event {
  readonly type: string
  readonly data: { readonly name?: string; readonly nesting?: number; readonly details?: { readonly type?: string } }
}

export default async function* failures(events: AsyncIterable<Event>): AsyncGenerator<string> {
  const path: string[] = []
  for await (const { type, data } of events) {
    const { name = '', nesting = 0, details } = data
    if (type === 'test:start') {
      path[nesting] = name
      path.length = nesting + 1
    }
    if (type === 'test:fail' && details?.type !== 'suite' && !name.endsWith('.ts'))
      yield `${JSON.stringify({ group: path[nesting - 1] ?? '', name })}\n`
  }
}
