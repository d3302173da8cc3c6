// Connections through a proxy, for undici: a tunnel by CONNECT, and TLS with the service in it.
// undici's ProxyAgent retries without a pause if the proxy closes the connection, and does not say
// whose certificate is wrong.

import type { Client, buildConnector } from 'undici'
import { ProxyError } from '../../client/index.ts'
import type { Proxy } from './settings.ts'

/** The part of undici that is used here. */
export interface Undici {
  readonly Client: typeof Client
  readonly buildConnector: typeof buildConnector
}

const CONNECT_MS = 5000
const ANSWER_MS = 10_000

/** Opens a tunnel through the proxy. @throws ProxyError */
const openTunnel = async (
  { Client, buildConnector }: Undici,
  { address, authorization }: Proxy,
  target: string,
) => {
  const connect = buildConnector({ timeout: CONNECT_MS })
  const proxy = new Client(address, {
    headersTimeout: ANSWER_MS,
    // TLS with a proxy uses the name of the proxy, not the name of the service.
    connect: (options, done) => connect({ ...options, servername: '' }, done),
  })
  try {
    const headers = {
      host: target,
      ...(authorization !== undefined && { 'proxy-authorization': authorization }),
    }
    const { statusCode, socket } = await proxy.connect({ path: target, headers })
    if (statusCode >= 200 && statusCode <= 299) return socket
    socket.on('error', () => undefined).destroy()
    throw new ProxyError(address, { status: statusCode })
  } catch (cause) {
    if (cause instanceof ProxyError) throw cause
    throw new ProxyError(address, { cause })
  } finally {
    void proxy.destroy()
  }
}

/** The `connect` of an agent whose calls go through a proxy. */
export const connectThrough = (undici: Undici, proxy: Proxy): buildConnector.connector => {
  const connect = undici.buildConnector({ timeout: CONNECT_MS })
  return async (target, done) => {
    const { hostname, port } = target
    const host = hostname.includes(':') ? `[${hostname}]` : hostname
    let httpSocket
    try {
      httpSocket = await openTunnel(undici, proxy, `${host}:${port || 443}`)
    } catch (error) {
      return done(error as Error, null)
    }
    connect({ ...target, httpSocket } as buildConnector.Options, done)
  }
}
