/** Files in folders of this machine, over HTTP (control-plane 9): the built-in services `files` and `logs` are of this type. */
import type { Plugin } from 'dataferry/sdk'
import { checkFileConfig, fileConfig } from './config.ts'
import { FileService } from './service.ts'

const plugin: Plugin = {
  name: 'files',
  api: 1,
  types: [
    {
      name: 'local_file',
      label: 'Local File Storage',
      group: 'File',
      description: 'File service supporting the local file system.',
      config: fileConfig,
      body: 'raw',
      publishes: true,
      check: checkFileConfig,
      create: (config, host) => new FileService(config, host),
    },
  ],
}

export default plugin
