// The relying party on Node.

import { createServer } from 'node:http'
import { fromNodeRequest } from '../../../src/relying-party/index.ts'
import { createHost, type HostVariables } from './host.ts'

const serve = createHost(process.env as unknown as HostVariables)
createServer(async (request, answer) => {
  const response = await serve(fromNodeRequest(request))
  answer.writeHead(response.status, [...response.headers].flat()).end(await response.text())
}).listen(Number(process.env['PORT']), '127.0.0.1', () => console.error('listening on Node'))
