/** Remote SOAP services (control-plane 8.2). */
import type { Plugin } from 'dataferry/sdk'
import { checkSoap, readSoap, soapConfig } from './config.ts'
import { SoapService } from './service.ts'

const plugin: Plugin = {
  name: 'soap',
  api: 1,
  types: [
    {
      name: 'soap',
      label: 'SOAP Service',
      group: 'Remote Service',
      description: 'A service to handle SOAP Services',
      config: soapConfig,
      body: 'value',
      check: checkSoap,
      create: (config, host) => new SoapService(readSoap(config), host),
    },
  ],
}

export default plugin
