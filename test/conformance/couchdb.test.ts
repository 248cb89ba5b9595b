// The document cases of the conformance suite on CouchDB, or on what has its interface on this machine.
import { after } from 'node:test'
import { conformance } from 'dataferry/conformance'
import { couchService } from '../../connectors/couchdb/plugin.ts'
import { couchdb, couchSpace } from '../support/couchdb.ts'

const couch = await couchdb()
after(() => couch.stop())
conformance({
  name: `CouchDB (${couch.kind})`,
  documents: true,
  textIds: true,
  lax: ['native'],
  given: ['_rev'],
  open(host, config) {
    const { config: own, remove } = couchSpace(couch)
    const service = couchService({ ...own, ...config }, host)
    return {
      service,
      async close() {
        await service.close()
        await remove()
      },
    }
  },
})
