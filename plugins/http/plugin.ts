/** Remote web services over HTTP (control-plane 8.1). */
import type { Plugin } from 'dataferry/sdk'
import { checkRemote, readRemote, rwsConfig } from './config.ts'
import { RemoteService } from './service.ts'

const plugin: Plugin = {
  name: 'http',
  api: 1,
  types: [
    {
      name: 'rws',
      label: 'HTTP Service',
      group: 'Remote Service',
      description: 'A service to handle Remote Web Services',
      config: rwsConfig,
      body: 'raw',
      check: checkRemote,
      create: (config, host) => new RemoteService(readRemote(config), host),
    },
  ],
}

export default plugin
