/**
 * The conformance suite against the example. A connector's author has a file like this among the tests, and runs it with Node:
 *
 *     node --test conformance.ts
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conformance, type SeedTable } from 'dataferry/conformance'
import { jsonText, RecordStoreAbility } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import plugin from './plugin.ts'

conformance({
  name: 'the JSON file example',
  async open(host, config) {
    const folder = await mkdtemp(join(tmpdir(), 'json-file-'))
    const file = join(folder, 'tables.json')
    await writeFile(file, jsonText({ tables: [] }))
    const [type] = plugin.types
    if (type === undefined) throw new Error('The plugin has no type.')
    const service = await type.create({ ...config, file }, host)
    const seeded: SeedTable[] = []
    return {
      service,
      // What can be written makes its tables by itself; a source that can only be read brings them.
      async seed(tables) {
        seeded.push(...tables)
        await writeFile(
          file,
          jsonText({ tables: seeded.map(({ plan, rows }) => ({ ...plan, rows })) } as unknown as Json),
        )
        const store = service.ability?.(RecordStoreAbility)
        store?.catalog.refresh()
      },
      async close() {
        await service.close()
        await rm(folder, { recursive: true })
      },
    }
  },
  /** Each is answered by a clear 501, which the suite checks. */
  cannot: ['transactions', 'upsert', 'write'],
  /** What the source does not check: cases about it are left out. */
  lax: ['length', 'range', 'dates', 'decimals'],
})
