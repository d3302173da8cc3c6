// What Function Compute has in front of a function, as far as the function can see it: it calls the hooks,
// and puts its own headers, the credentials of the function's role among them, into each request.

import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http'
import { once } from 'node:events'
import type { RunningService } from '../../support/start-service.ts'
import type { Place } from './deploy.ts'

/** Credentials as the platform sends them, and what else it says. */
export const PLATFORM_HEADERS = {
  'x-fc-access-key-id': 'STS.NUgYrLnoC37mZZCNnAbez',
  'x-fc-access-key-secret': '3dZn7Yq0pLr5Wv1XsE8tKc2BmHf6Ja4GuNoQiTzRyVbD',
  'x-fc-security-token': 'CAIS7wJ1q6Ft5B2yfSjIr5bAGNPdmLxN4peHYHLEpVQ8',
  'x-fc-account-id': '1234567890123456',
  'x-fc-region': 'cn-hangzhou',
  'x-fc-control-path': '/http-invoke',
} as const

const SECRETS = ['access-key-id', 'access-key-secret', 'security-token'] as const

/** Environment variables as the platform sets them. */
export const PLATFORM_VARIABLES = {
  FC_FUNC_CODE_PATH: '/code/',
  FC_REGION: 'cn-hangzhou',
  ALIBABA_CLOUD_ACCESS_KEY_ID: PLATFORM_HEADERS['x-fc-access-key-id'],
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: PLATFORM_HEADERS['x-fc-access-key-secret'],
  ALIBABA_CLOUD_SECURITY_TOKEN: PLATFORM_HEADERS['x-fc-security-token'],
}

const forward = (
  functionUrl: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void => {
  const headers = {
    // All values of a header that came twice: `headers` would drop a second Authorization.
    ...Object.fromEntries(
      Object.entries(incoming.headersDistinct).map(([name, values = []]) => [
        name,
        values.length === 1 ? values[0] : values,
      ]),
    ),
    ...PLATFORM_HEADERS,
    'x-fc-request-id': crypto.randomUUID(),
  }
  const options = { method: incoming.method ?? 'GET', headers }
  const call = request(functionUrl + (incoming.url ?? '/'), options, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(outgoing)
  })
  call.on('error', () => outgoing.writeHead(502).end())
  // What arrived together goes on together, piece by piece. A write to the system for each piece is so slow that the
  // service closes the connection before this process has read its early answer.
  incoming.on('data', (piece: Uint8Array) => {
    const { socket } = call
    socket?.cork()
    call.write(piece)
    process.nextTick(() => socket?.uncork())
  })
  incoming.on('end', () => call.end())
}

const callHook = async (functionUrl: string, method: string, path: string): Promise<void> => {
  const response = await fetch(functionUrl + path, { method, headers: PLATFORM_HEADERS })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
}

/** Puts the platform before a function that has started. */
export const behindPlatform = async (
  service: RunningService,
  { url, port }: Place,
): Promise<RunningService> => {
  await callHook(service.url, 'POST', '/initialize')
  const server = createServer((incoming, outgoing) => forward(service.url, incoming, outgoing))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    ...service,
    url,
    engineUrl: service.url,
    async stop() {
      await callHook(service.url, 'GET', '/pre-stop')
      server.closeAllConnections()
      server.close()
      const status = await service.stop()
      for (const name of SECRETS) {
        if (service.output().includes(PLATFORM_HEADERS[`x-fc-${name}`])) {
          throw new Error(`the function has written the platform's ${name}`)
        }
      }
      return status
    },
  }
}
